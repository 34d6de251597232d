//! Deliveries that are put off, and what a stage's control record costs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_dynamodb_tests::{Dynamo, Spent};
use delivery::control::{HeldBy, Outage, Phase, StageControl, paused};
use delivery::ports::*;
use delivery::usecase::{Batch, Limits, Sent, send};
use delivery::*;
use workflow::Workflow;

use crate::ports::*;

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
async fn a_delivery_that_is_put_off_costs_a_write_of_a_unit() {
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
    assert_eq!(spent.len(), 10);
    assert!(reads == 0.0 && writes <= 10.0 && of_workflow == 0.0);
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
    let expected = ["PutItem", "PutItem", "PutItem", "UpdateItem"];
    assert_eq!(operations(&spent), expected, "the tenth failure in a row");
    println!("a breaker that trips: {} write units", spent[3].units);
    assert!(spent[3].units <= 1.0);
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
    assert!(
        matches!(seen[..], [HeldBy::Pause(age)] if age >= Duration::from_secs(2 * 24 * 3600)),
        "{seen:?}"
    );
}
