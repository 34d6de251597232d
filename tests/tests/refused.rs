//! What a sender does when the receiver refuses the stage's secrets.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Mutex;
use std::time::Duration;

use bytes::Bytes;
use delivery::control::RecentCalls;
use delivery::machine::first_message;
use delivery::ports::{
    Call, Caller, Clock, Documents, Freshness, NoEvents, PortError, Secrets, SystemClock,
};
use delivery::usecase::{Batch, DEFAULT_TIMEOUT, Dispatched, Limits, Sent, dispatch, send};
use delivery::{Answer, Assignment};
use embedded::{Engine, Options};
use uuid::Uuid;
use workflow::{Actor, Role, SecretRef, StageSecrets, Workflow};

/// A sender's ports on the embedded engine, with a receiver that gives one answer, and note taken of
/// how fresh the secrets had to be.
struct Ports {
    engine: Engine,
    status: u16,
    asked: Mutex<Vec<Freshness>>,
}

impl Caller<<Engine as Documents>::Reader> for Ports {
    async fn call(&self, _: Call<<Engine as Documents>::Reader>) -> Result<Answer, PortError> {
        Ok(Answer {
            result: Ok(self.status),
            retry_after: None,
            duration: Duration::ZERO,
            receiver_says: None,
            request_bytes: 2,
            response_excerpt: String::new(),
            detail: None,
        })
    }
}

impl Secrets for Ports {
    async fn stage_secrets(
        &self,
        team: &str,
        reference: &SecretRef,
        freshness: Freshness,
    ) -> Result<Option<StageSecrets>, PortError> {
        self.asked.lock().unwrap().push(freshness);
        self.engine.stage_secrets(team, reference, freshness).await
    }
}

delivery::port_set! { impl StepPorts for Ports as ports {
    States states: Engine = &ports.engine;
    History history: Engine = &ports.engine;
    Workflows workflows: Engine = &ports.engine;
    Controls controls: Engine = &ports.engine;
    Deliveries deliveries: Engine = &ports.engine;
    Assignments assignments: Engine = &ports.engine;
    Parked parked: Engine = &ports.engine;
    Documents documents: Engine = &ports.engine;
    Events events: NoEvents = &NoEvents;
    Clock clock: SystemClock = &SystemClock;
    Observer observer: () = &();
} }

delivery::port_set! { impl SendPorts for Ports as ports {
    Secrets secrets: Self = ports;
    Caller caller: Self = ports;
} }

/// How fresh the secrets of one attempt had to be, in order.
async fn asked_when_answered(status: u16) -> (Vec<Freshness>, Sent) {
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::open(directory.path(), Options::default()).unwrap();
    let json = include_bytes!("../../infra/local/examples/workflow.json");
    let imported = Workflow::import(json).unwrap();
    engine
        .store_secrets("team", imported.secrets)
        .await
        .unwrap();
    let workflow = imported.workflow;
    engine.store_workflow("team", &workflow).await.unwrap();
    let assignment = Assignment {
        assignment_id: Uuid::from_u128(1),
        team: "team".to_owned(),
        workflow_id: workflow.id,
        stage_id: workflow.first_webhook().unwrap().id,
        item_id: Uuid::from_u128(2),
        assigned_by: Actor::User {
            id: None,
            role: Role::Admin,
        },
        document: None,
    };
    let document = Bytes::from_static(b"{\"version\":\"2.0\",\"item\":{}}");
    let key = assignment.key();
    engine.store_document(&key, document).await.unwrap();
    let ports = Ports {
        engine,
        status,
        asked: Mutex::default(),
    };
    let opened = dispatch(&ports, &assignment).await.unwrap();
    assert_eq!(opened, Dispatched::Opened);
    let message = first_message(&assignment);
    let limits = Limits {
        deadline: SystemClock.now().plus(Duration::from_secs(120)),
        default_timeout: DEFAULT_TIMEOUT,
        longest_call: DEFAULT_TIMEOUT,
        lanes: false,
    };
    let recent = RecentCalls::default();
    let batch = Batch::new(limits, &recent, [&message]);
    let sent = send(&ports, &batch, &message).await.unwrap();
    let asked = ports.asked.lock().unwrap().clone();
    (asked, sent)
}

/// 401 is what the header's absence gets from API Gateway, 403 what an authorizer's "no" becomes.
#[tokio::test]
async fn secrets_are_read_again_when_the_receiver_refuses_them() {
    for status in [401, 403] {
        let expected = vec![Freshness::Cached, Freshness::Latest];
        let found = asked_when_answered(status).await;
        assert_eq!(found, (expected, Sent::Retrying), "{status}");
    }
}

#[tokio::test]
async fn secrets_are_left_alone_by_any_other_answer() {
    for (status, sent) in [
        (200, Sent::Succeeded),
        (404, Sent::Retrying),
        (500, Sent::Retrying),
    ] {
        let found = asked_when_answered(status).await;
        assert_eq!(found, (vec![Freshness::Cached], sent), "{status}");
    }
}
