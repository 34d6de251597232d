//! Two senders reserve times for their calls in the same millisecond.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use delivery::control::RecentCalls;
use delivery::machine::first_message;
use delivery::ports::{Call, Caller, Clock, Documents, NoEvents, PortError};
use delivery::usecase::{Batch, DEFAULT_TIMEOUT, Limits, Sent, dispatch, send};
use delivery::{Answer, Assignment, Timestamp};
use embedded::{Engine, Options};
use serde_json::json;
use uuid::Uuid;
use workflow::{Actor, Role, Workflow};

const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// A sender's ports on the embedded engine, with a clock that stands still and a receiver that counts its calls.
struct Ports {
    engine: Engine,
    calls: AtomicU32,
}

struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        NOW
    }
}

impl Caller<<Engine as Documents>::Reader> for Ports {
    async fn call(&self, _: Call<<Engine as Documents>::Reader>) -> Result<Answer, PortError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Ok(Answer {
            result: Ok(200),
            retry_after: None,
            receiver_says: None,
            duration: Duration::ZERO,
            request_bytes: 2,
            response_excerpt: String::new(),
            detail: None,
        })
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
    Clock clock: Standing = &Standing;
    Observer observer: () = &();
} }

delivery::port_set! { impl SendPorts for Ports as ports {
    Secrets secrets: Engine = &ports.engine;
    Caller caller: Self = ports;
} }

/// Each must get a time of its own. If both wrote the same record, each would take the other's write for its own, and
/// both would call.
#[tokio::test]
async fn each_gets_a_time_of_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let engine = Engine::open(directory.path(), Options::default()).unwrap();
    let stage = Uuid::from_u128(7);
    let json = json!({"id": Uuid::from_u128(8), "name": "Limited", "stages": [
        {"id": Uuid::from_u128(9), "name": "Dataset", "type": "dataset", "config": {"initial": true},
            "edges": [{"name": "default", "target_stage_id": stage}]},
        {"id": stage, "name": "Hook", "type": "webhook", "edges": [],
            "config": {"url": "https://receiver.example/", "max_rate": "1/s"}},
    ]});
    let workflow = Workflow::import(json.to_string().as_bytes()).unwrap();
    let workflow = workflow.workflow;
    engine.store_workflow("team", &workflow).await.unwrap();
    let ports = Ports {
        engine,
        calls: AtomicU32::new(0),
    };
    let mut messages = Vec::new();
    for item in 1..=2 {
        let assignment = Assignment {
            assignment_id: Uuid::from_u128(1),
            team: "team".to_owned(),
            workflow_id: workflow.id,
            stage_id: stage,
            item_id: Uuid::from_u128(item),
            assigned_by: Actor::User {
                id: None,
                role: Role::Admin,
            },
            document: None,
        };
        let document = Bytes::from_static(b"{\"version\":\"2.0\",\"item\":{}}");
        let key = assignment.key();
        let stored = ports.engine.store_document(&key, document);
        stored.await.unwrap();
        dispatch(&ports, &assignment).await.unwrap();
        messages.push(first_message(&assignment));
    }
    let limits = Limits {
        deadline: NOW.plus(Duration::from_secs(120)),
        default_timeout: DEFAULT_TIMEOUT,
        longest_call: DEFAULT_TIMEOUT,
        lanes: false,
    };
    let recent = RecentCalls::default();
    let (ports, recent) = (&ports, &recent);
    let sent = messages.iter().map(|message| async move {
        let batch = Batch::new(limits, recent, [message]);
        send(ports, &batch, message).await.unwrap()
    });
    let mut sent = futures_util::future::join_all(sent).await;
    sent.sort_by_key(|sent| *sent == Sent::PutOff);
    assert_eq!(sent, [Sent::Succeeded, Sent::PutOff]);
    assert_eq!(ports.calls.load(Ordering::SeqCst), 1);
}
