use std::sync::Mutex;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use delivery::machine::first_message;
use delivery::ports::{
    Call, Caller, Clock, Documents, Freshness, NoEvents, PortError, Secrets, Wanted,
};
use delivery::usecase::{DEFAULT_TIMEOUT, Dispatched, Limits, dispatch};
use delivery::{Answer, Assignment, Delivery, Reason, Timestamp};
use embedded::{Engine, Options};
use tempfile::TempDir;
use uuid::Uuid;
use workflow::{Actor, Role, SecretRef, StageSecrets, Workflow};

/// A sender's ports on the embedded engine. Notes are taken of its calls, and of how fresh secrets had to be.
pub(crate) struct Ports {
    engine: Engine,
    result: Result<u16, Reason>,
    clock: Standing,
    pub(crate) calls: Mutex<Vec<Uuid>>,
    pub(crate) asked: Mutex<Vec<Freshness>>,
    _directory: TempDir,
}

/// A clock that stands still.
pub(crate) struct Standing(Timestamp);

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        self.0
    }
}

impl Caller<<Engine as Documents>::Reader> for Ports {
    async fn call(&self, call: Call<<Engine as Documents>::Reader>) -> Result<Answer, PortError> {
        self.calls.lock().unwrap().push(call.delivery_id);
        Ok(Answer {
            result: self.result,
            request_bytes: 2,
            ..Answer::no_call(Reason::Timeout)
        })
    }

    async fn wants(&self, _: &Call<<Engine as Documents>::Reader>) -> Result<Wanted, PortError> {
        Ok(Wanted::Yes)
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
    Clock clock: Standing = &ports.clock;
    Observer observer: () = &();
} }

delivery::port_set! { impl SendPorts for Ports as ports {
    Secrets secrets: Self = ports;
    Caller caller: Self = ports;
} }

impl Ports {
    /// A call that ends like this, and the first messages of so many files of the workflow's first
    /// Webhook stage.
    pub(crate) async fn new(
        json: &[u8],
        result: Result<u16, Reason>,
        files: u128,
    ) -> (Self, Vec<Delivery>) {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::open(directory.path(), Options::default()).unwrap();
        let imported = Workflow::import(json).unwrap();
        let secrets = engine.store_secrets("team", imported.secrets);
        secrets.await.unwrap();
        let workflow = imported.workflow;
        engine.store_workflow("team", &workflow).await.unwrap();
        let ports = Self {
            engine,
            result,
            clock: Standing(SystemTime::now().into()),
            calls: Mutex::default(),
            asked: Mutex::default(),
            _directory: directory,
        };
        let mut messages = Vec::new();
        for item in 1..=files {
            let assignment = Assignment {
                assignment_id: Uuid::from_u128(1),
                team: "team".to_owned(),
                workflow_id: workflow.id,
                stage_id: workflow.first_webhook().unwrap().id,
                item_id: Uuid::from_u128(item),
                assigned_by: Actor::User {
                    id: None,
                    role: Role::Admin,
                },
                assignee: None,
                document: None,
                trace: None,
                waits: 0,
            };
            let document = Bytes::from_static(b"{\"version\":\"2.0\",\"item\":{}}");
            let key = assignment.key();
            ports.engine.store_document(&key, document).await.unwrap();
            let opened = dispatch(&ports, &assignment).await.unwrap();
            assert_eq!(opened, Dispatched::Opened);
            messages.push(first_message(&assignment));
        }
        (ports, messages)
    }

    pub(crate) fn limits(&self) -> Limits {
        Limits {
            deadline: self.clock.now().plus(Duration::from_secs(120)),
            default_timeout: DEFAULT_TIMEOUT,
            longest_call: DEFAULT_TIMEOUT,
            lanes: false,
        }
    }
}
