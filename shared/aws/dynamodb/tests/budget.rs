//! What a delivered file costs, in DynamoDB's units, through the product's own use-cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::convert::Infallible;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, AtomicU16, Ordering};
use std::time::Duration;

use aws::Table;
use aws_dynamodb_tests::{Dynamo, Spent};
use bytes::Bytes;
use delivery::control::{HeldBy, Outage, Phase, RecentCalls, StageControl, paused};
use delivery::machine::first_message;
use delivery::ports::*;
use delivery::usecase::{Batch, Limits, Sent, dispatch, send};
use delivery::*;
use uuid::Uuid;
use workflow::{Actor, Role, SecretRef, StageSecrets, Workflow};

const EXAMPLE: &[u8] = include_bytes!("../../../../infra/local/examples/workflow.json");

/// As long as a slug may well be.
const TEAM: &str = "university-hospital-radiology-02";

struct Kept<M>(Mutex<Vec<M>>);

impl<M: Send> SendMessages<M> for Kept<M> {
    async fn send(&self, messages: Vec<Outgoing<M>>) -> Vec<Result<(), PortError>> {
        let sent = messages.iter().map(|_| Ok(())).collect();
        let messages = messages.into_iter().map(|outgoing| outgoing.message);
        self.0.lock().unwrap().extend(messages);
        sent
    }
}

/// Everything but the table.
struct Around {
    status: AtomicU16,
    /// Milliseconds that have passed without a wait.
    later: AtomicI64,
    /// What was put off, and the ages of pauses.
    seen: Mutex<Vec<(HeldBy, Option<Duration>)>>,
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
}

impl Observer for Around {
    fn observe(&self, observation: Observation<'_>) {
        match observation {
            Observation::PutOff(_, by) => self.seen.lock().unwrap().push((by, None)),
            Observation::PutOffByPause(_, age) => {
                self.seen.lock().unwrap().push((HeldBy::Pause, Some(age)));
            }
            _ => {}
        }
    }
}

struct Ports {
    table: Table,
    around: Around,
    deliveries: Kept<Delivery>,
    assignments: Kept<Assignment>,
    recent: RecentCalls,
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

async fn deployed(dynamo: &Dynamo) -> (Ports, Workflow) {
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

fn assignment(workflow: &Workflow, document: Option<DocumentRef>) -> Assignment {
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
        document,
    }
}

async fn open(ports: &Ports, assignment: &Assignment) -> Delivery {
    dispatch(ports, assignment).await.unwrap();
    first_message(assignment)
}

async fn attempt(ports: &Ports, delivery: &Delivery) -> Sent {
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
fn total(spent: &[Spent]) -> (f64, f64, f64) {
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

async fn deliver(ports: &Ports, assignment: &Assignment) {
    let delivery = open(ports, assignment).await;
    assert_eq!(attempt(ports, &delivery).await, Sent::Succeeded);
    let state = ports.table.get(&assignment.key()).await.unwrap().unwrap();
    assert!(state.status.is_at_rest());
}

#[tokio::test]
async fn a_delivered_file_costs_four_writes_and_two_reads_at_most() {
    let dynamo = Dynamo::default();
    let (ports, workflow) = deployed(&dynamo).await;
    let named = DocumentRef::S3(S3Object {
        bucket: "university-hospital-radiology-documents".to_owned(),
        key: format!(
            "chest-x-rays/2026/{}/{}.json",
            Uuid::new_v4(),
            "k".repeat(40)
        ),
        version_id: Some("v".repeat(32)),
        etag: Some(format!("\"{}\"", "e".repeat(32))),
    });
    for (what, document) in [("stored", None), ("named in S3", Some(named))] {
        dynamo.spent();
        for _ in 0..10 {
            let assignment = assignment(&workflow, document.clone());
            deliver(&ports, &assignment).await;
        }
        let spent = dynamo.spent();
        let of_workflow = spent.iter().filter(|spent| spent.of_workflow).count();
        // The workflow and its control records, once for all.
        assert!(of_workflow <= 1, "{of_workflow}");
        // Two reads and three writes a file, and the test's own look.
        assert_eq!(spent.len() - of_workflow, 60, "{what}");
        let (reads, writes, of_workflows) = total(&spent);
        // The last look at each file is the test's own.
        let (reads, writes) = ((reads - 10.0) / 10.0, writes / 10.0);
        println!(
            "document {what}: {writes} write units and {reads} read units a file; the workflow {of_workflows} for all"
        );
        assert!(writes <= 4.0 && reads <= 2.0, "{what}: {writes} {reads}");
    }
}

#[tokio::test]
async fn an_attempt_that_fails_costs_three_writes_more_and_a_read() {
    let dynamo = Dynamo::default();
    let (ports, workflow) = deployed(&dynamo).await;
    let assignment = assignment(&workflow, None);
    let mut delivery = open(&ports, &assignment).await;
    for _ in 0..2 {
        dynamo.spent();
        ports.around.status.store(503, Ordering::SeqCst);
        assert_eq!(attempt(&ports, &delivery).await, Sent::Retrying);
        let (reads, writes, _) = total(&dynamo.spent());
        println!("a failed attempt: {writes} write units and {reads} read units");
        assert!(writes <= 3.0 && reads <= 1.0, "{writes} {reads}");
        let quarter = 15 * 60 * 1000;
        ports.around.later.fetch_add(quarter, Ordering::SeqCst);
        delivery = ports.deliveries.0.lock().unwrap().pop().unwrap();
    }
}

#[tokio::test]
async fn a_record_stays_below_a_unit_over_the_webhook_stages_of_a_workflow() {
    let dynamo = Dynamo::default();
    let (ports, workflow) = deployed(&dynamo).await;
    let stages: Vec<Uuid> = workflow
        .webhook_stages()
        .map(|(stage, _)| stage.id)
        .collect();
    assert!(stages.len() > 1);
    let mut assignment = assignment(&workflow, None);
    for stage in stages {
        assignment.assignment_id = Uuid::new_v4();
        assignment.stage_id = stage;
        let delivery = open(&ports, &assignment).await;
        dynamo.spent();
        assert_eq!(attempt(&ports, &delivery).await, Sent::Succeeded);
        let (_, writes, _) = total(&dynamo.spent());
        assert!(
            writes <= 3.0,
            "a claim, an exit and its index entry: {writes}"
        );
    }
}

/// The operations since the last look, in order, without those of the test.
fn operations(spent: &[Spent]) -> Vec<&str> {
    spent.iter().map(|spent| spent.operation.as_str()).collect()
}

async fn with_control(ports: &Ports, delivery: &Delivery, control: StageControl) {
    let written = ports.table.put_control(&delivery.stage(), &control).await;
    written.unwrap();
}

fn open_for(now: Timestamp, time: Duration) -> StageControl {
    StageControl {
        version: 1,
        outage: Some(Outage {
            since: now,
            trips: 1,
            reason: Reason::Timeout,
            until: now.plus(time),
            phase: Phase::Open,
            asked: Duration::ZERO,
        }),
        updated_at: now,
        ..StageControl::default()
    }
}

#[tokio::test]
async fn a_delivery_that_is_put_off_costs_a_read_and_a_write_of_a_unit_each() {
    let dynamo = Dynamo::default();
    let (ports, workflow) = deployed(&dynamo).await;
    let opened: Vec<_> = (0..10).map(|_| assignment(&workflow, None)).collect();
    let mut deliveries = Vec::new();
    for assignment in &opened {
        deliveries.push(open(&ports, assignment).await);
    }
    let now = ports.around.now();
    let control = open_for(now, Duration::from_secs(300));
    with_control(&ports, &deliveries[0], control).await;
    ports.deliveries.0.lock().unwrap().clear();
    dynamo.spent();
    for delivery in &deliveries {
        assert_eq!(attempt(&ports, delivery).await, Sent::PutOff);
    }
    let spent = dynamo.spent();
    let (reads, writes, of_workflow) = total(&spent);
    println!(
        "10 deliveries put off: {} requests, {reads} read units, {writes} write units, workflow {of_workflow}",
        spent.len()
    );
    assert_eq!(spent.len(), 20);
    assert!(reads <= 10.0 && writes <= 10.0 && of_workflow == 0.0);
    // And one message each, in the slow lane.
    let sent = ports.deliveries.0.lock().unwrap();
    assert_eq!(sent.len(), 10);
    assert!(sent.iter().all(|sent| !sent.lane.is_fast()));
}

#[tokio::test]
async fn a_breaker_that_trips_costs_one_write_and_a_probe_two() {
    let dynamo = Dynamo::default();
    let (ports, workflow) = deployed(&dynamo).await;
    let mut deliveries = Vec::new();
    for _ in 0..11 {
        deliveries.push(open(&ports, &assignment(&workflow, None)).await);
    }
    ports.around.status.store(500, Ordering::SeqCst);
    for delivery in &deliveries[..9] {
        assert_eq!(attempt(&ports, delivery).await, Sent::Retrying);
    }
    dynamo.spent();
    assert_eq!(attempt(&ports, &deliveries[9]).await, Sent::Retrying);
    let spent = dynamo.spent();
    let expected = ["GetItem", "PutItem", "PutItem", "PutItem", "UpdateItem"];
    assert_eq!(operations(&spent), expected, "the tenth failure in a row");
    println!("a breaker that trips: {} write units", spent[4].units);
    assert!(spent[4].units <= 1.0);
    assert_eq!(attempt(&ports, &deliveries[10]).await, Sent::PutOff);
    let minutes = 2 * 60 * 1000;
    ports.around.later.fetch_add(minutes, Ordering::SeqCst);
    ports.around.status.store(200, Ordering::SeqCst);
    dynamo.spent();
    let mut probe = ports.deliveries.0.lock().unwrap().pop().unwrap();
    probe.lane = delivery::control::Lane::Slow;
    assert_eq!(attempt(&ports, &probe).await, Sent::Succeeded);
    let spent = dynamo.spent();
    let expected = ["GetItem", "UpdateItem", "PutItem", "PutItem", "UpdateItem"];
    assert_eq!(operations(&spent), expected);
}

#[tokio::test]
async fn a_rate_costs_one_write_for_a_batch() {
    let dynamo = Dynamo::default();
    let (ports, mut workflow) = deployed(&dynamo).await;
    let stage_id = workflow.first_webhook().unwrap().id;
    let mut json: serde_json::Value = serde_json::from_slice(&workflow.to_json()).unwrap();
    for stage in json["stages"].as_array_mut().unwrap() {
        if stage["id"] == stage_id.to_string() {
            stage["config"]["max_rate"] = "10/s".into();
        }
    }
    workflow = Workflow::from_stored(json.to_string().as_bytes()).unwrap();
    ports.table.store_workflow(TEAM, &workflow).await.unwrap();
    let mut deliveries = Vec::new();
    for _ in 0..10 {
        deliveries.push(open(&ports, &assignment(&workflow, None)).await);
    }
    dynamo.spent();
    let limits = Limits {
        deadline: ports.around.now().plus(Duration::from_secs(60)),
        default_timeout: Duration::from_secs(30),
        longest_call: Duration::from_secs(30),
        lanes: true,
    };
    let batch = Batch::new(limits, &ports.recent, &deliveries);
    for delivery in &deliveries {
        send(&ports, &batch, delivery).await.unwrap();
    }
    let spent = dynamo.spent();
    let reserved = spent.iter().filter(|spent| spent.operation == "UpdateItem");
    let reserved: Vec<_> = reserved.map(|spent| spent.units).collect();
    println!(
        "times for ten calls: {} write units",
        reserved.iter().sum::<f64>()
    );
    assert_eq!(reserved.len(), 1);
}

#[tokio::test]
async fn a_delivery_that_is_put_off_by_a_pause_tells_how_old_that_is() {
    let dynamo = Dynamo::default();
    let (ports, workflow) = deployed(&dynamo).await;
    let delivery = open(&ports, &assignment(&workflow, None)).await;
    let since = ports.around.now();
    let control = paused(&StageControl::default(), "operator", None, since).unwrap();
    with_control(&ports, &delivery, control).await;
    let days = 2 * 24 * 3600 * 1000;
    ports.around.later.fetch_add(days, Ordering::SeqCst);
    assert_eq!(attempt(&ports, &delivery).await, Sent::PutOff);
    let seen = ports.around.seen.lock().unwrap();
    assert_eq!(seen[0], (HeldBy::Pause, None));
    assert!(
        seen[1].1 >= Some(Duration::from_secs(2 * 24 * 3600)),
        "{seen:?}"
    );
}
