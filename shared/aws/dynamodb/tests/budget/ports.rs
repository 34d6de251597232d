use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};
use std::time::Duration;

use aws::Table;
use aws_dynamodb_tests::{Dynamo, Spent};
use bytes::Bytes;
use delivery::control::{HeldBy, RecentCalls};
use delivery::ports::*;
use delivery::usecase::{Batch, Limits, Sent, dispatch, send};
use delivery::*;
use uuid::Uuid;
use workflow::{Actor, Role, SecretRef, StageSecrets, Workflow};

pub(crate) const EXAMPLE: &[u8] =
    include_bytes!("../../../../../infra/local/examples/workflow.json");

/// As long as a slug may well be.
pub(crate) const TEAM: &str = "university-hospital-radiology-02";

pub(crate) struct Kept<M>(pub(crate) Mutex<Vec<M>>);

impl<M: Send> SendMessages<M> for Kept<M> {
    async fn send(&self, messages: Vec<Outgoing<M>>) -> Vec<Result<(), PortError>> {
        let sent = messages.iter().map(|_| Ok(())).collect();
        let messages = messages.into_iter().map(|outgoing| outgoing.message);
        self.0.lock().unwrap().extend(messages);
        sent
    }
}

/// Everything but the table.
pub(crate) struct Around {
    pub(crate) status: AtomicU16,
    /// Milliseconds that have passed without a wait.
    pub(crate) later: AtomicI64,
    /// What was put off, and the ages of pauses.
    pub(crate) seen: Mutex<Vec<HeldBy>>,
}

impl Clock for Around {
    fn now(&self) -> Timestamp {
        let now = SystemClock.now().as_millis();
        Timestamp::from_millis(now + self.later.load(Ordering::SeqCst))
    }
}

impl Documents for Around {
    type Reader = Infallible;

    async fn open(
        &self,
        _: &FileKey,
        _: Option<&DocumentRef>,
    ) -> Result<Document<Infallible>, DocumentError> {
        Ok(Document::Bytes(bytes::Bytes::from_static(b"{}")))
    }

    async fn store(&self, _: &FileKey, _: Bytes) -> Result<(), PortError> {
        Ok(())
    }
}

impl Secrets for Around {
    async fn stage_secrets(
        &self,
        _: &str,
        _: &SecretRef,
        _: Freshness,
    ) -> Result<Option<StageSecrets>, PortError> {
        Ok(Some(StageSecrets::default()))
    }
}

impl Caller<Infallible> for Around {
    async fn call(&self, _: Call<Infallible>) -> Result<Answer, PortError> {
        Ok(Answer {
            result: Ok(self.status.load(Ordering::SeqCst)),
            retry_after: None,
            // Not so long that the stage turns slow.
            duration: Duration::from_millis(2_345),
            request_bytes: 123_456,
            response_excerpt: "unavailable".to_owned(),
            detail: None,
            receiver_says: None,
        })
    }

    async fn wants(&self, _: &Call<Infallible>) -> Result<Wanted, PortError> {
        Ok(Wanted::Yes)
    }
}

impl Observer for Around {
    fn observe(&self, observation: Observation<'_>) {
        if let Observation::PutOff(_, by) = observation {
            self.seen.lock().unwrap().push(by);
        }
    }
}

pub(crate) struct Ports {
    pub(crate) table: Table,
    pub(crate) around: Around,
    pub(crate) deliveries: Kept<Delivery>,
    pub(crate) assignments: Kept<Assignment>,
    pub(crate) recent: RecentCalls,
}

delivery::port_set! { impl StepPorts for Ports as ports {
    States states: Table = &ports.table;
    History history: Table = &ports.table;
    Workflows workflows: Table = &ports.table;
    Controls controls: Table = &ports.table;
    Deliveries deliveries: Kept<Delivery> = &ports.deliveries;
    Assignments assignments: Kept<Assignment> = &ports.assignments;
    Parked parked: Absent = &Absent;
    Documents documents: Around = &ports.around;
    Events events: NoEvents = &NoEvents;
    Clock clock: Around = &ports.around;
    Observer observer: Around = &ports.around;
} }

delivery::port_set! { impl SendPorts for Ports as ports {
    Secrets secrets: Around = &ports.around;
    Caller caller: Around = &ports.around;
} }

pub(crate) async fn deployed(dynamo: &Dynamo) -> (Ports, Workflow) {
    let table = dynamo.table();
    let workflow = Workflow::import(EXAMPLE).unwrap().workflow;
    table.store_workflow(TEAM, &workflow).await.unwrap();
    let ports = Ports {
        table,
        around: Around {
            status: AtomicU16::new(200),
            later: AtomicI64::new(0),
            seen: Mutex::default(),
        },
        deliveries: Kept(Mutex::default()),
        assignments: Kept(Mutex::default()),
        recent: RecentCalls::default(),
    };
    (ports, workflow)
}

pub(crate) fn assignment(workflow: &Workflow, document: Option<DocumentRef>) -> Assignment {
    Assignment {
        assignment_id: Uuid::new_v4(),
        team: TEAM.to_owned(),
        workflow_id: workflow.id,
        stage_id: workflow.first_webhook().unwrap().id,
        item_id: Uuid::new_v4(),
        assigned_by: Actor::User {
            id: Some(4_294_967_295),
            role: Role::WorkforceManager,
        },
        assignee: None,
        document,
        trace: None,
        waits: 0,
    }
}

pub(crate) async fn open(ports: &Ports, assignment: &Assignment) -> Delivery {
    dispatch(ports, assignment).await.unwrap();
    let sent = ports.deliveries.0.lock().unwrap().pop();
    sent.expect("a delivery is open")
}

pub(crate) async fn attempt(ports: &Ports, delivery: &Delivery) -> Sent {
    let limits = Limits {
        deadline: ports.around.now().plus(Duration::from_secs(60)),
        default_timeout: Duration::from_secs(30),
        longest_call: Duration::from_secs(30),
        lanes: true,
    };
    let batch = Batch::new(limits, &ports.recent, [delivery]);
    send(ports, &batch, delivery).await.unwrap()
}

/// Read and write units of files, and read units of workflows.
pub(crate) fn total(spent: &[Spent]) -> (f64, f64, f64) {
    let sum = |wanted: &dyn Fn(&Spent) -> bool| {
        let chosen = spent.iter().filter(|spent| wanted(spent));
        chosen.fold(0.0, |sum, spent| sum + spent.units)
    };
    let writes = |spent: &Spent| ["PutItem", "UpdateItem"].contains(&spent.operation.as_str());
    (
        sum(&|spent| !writes(spent) && !spent.of_workflow),
        sum(&|spent| writes(spent) && !spent.of_workflow),
        sum(&|spent| spent.of_workflow),
    )
}

pub(crate) async fn deliver(ports: &Ports, assignment: &Assignment) {
    let delivery = open(ports, assignment).await;
    assert_eq!(attempt(ports, &delivery).await, Sent::Succeeded);
    let state = ports.table.get(&assignment.key()).await.unwrap().unwrap();
    assert!(state.status.is_at_rest());
}
