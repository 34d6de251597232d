//! Files whose next attempt is due in a day.

use std::sync::atomic::Ordering;
use std::time::Duration;

use aws_dynamodb_tests::Dynamo;
use delivery::usecase::Sent;

use crate::ports::*;

#[tokio::test]
async fn a_wait_of_a_day_costs_no_read_and_no_write() {
    let dynamo = Dynamo::default();
    let (ports, mut workflow) = deployed(&dynamo).await;
    let stage = workflow.first_webhook().unwrap().id;
    let day = Duration::from_secs(86_400);
    workflow.set_retry_delays(stage, &[day]).unwrap();
    ports.table.store_workflow(TEAM, &workflow).await.unwrap();
    let delivery = open(&ports, &assignment(&workflow, None)).await;
    ports.around.status.store(503, Ordering::SeqCst);
    assert_eq!(attempt(&ports, &delivery).await, Sent::Retrying);
    ports.around.status.store(200, Ordering::SeqCst);
    dynamo.spent();
    let mut legs = 0;
    let last = loop {
        let message = ports.deliveries.0.lock().unwrap().pop().unwrap();
        let quarter = 15 * 60 * 1000;
        ports.around.later.fetch_add(quarter, Ordering::SeqCst);
        match attempt(&ports, &message).await {
            Sent::Waits => legs += 1,
            sent => break sent,
        }
    };
    assert_eq!(last, Sent::Succeeded);
    assert!((70..=120).contains(&legs), "{legs} messages");
    let spent = dynamo.spent();
    let (reads, writes, of_workflows) = total(&spent);
    println!(
        "{legs} messages and a delivery: {reads} read units, {writes} write units, {of_workflows} for the workflow"
    );
    // The claim and the end of the attempt itself, without a read; the stage's lane and settings once each.
    assert_eq!((reads, writes), (0.0, 2.0));
    assert!(of_workflows <= 2.0, "{of_workflows}");
}

/// Its record grows by each attempt.
#[tokio::test]
async fn an_attempt_costs_three_writes_and_five_from_the_ninth_on() {
    let dynamo = Dynamo::default();
    let (ports, mut workflow) = deployed(&dynamo).await;
    let stage = workflow.first_webhook().unwrap().id;
    let hours = [Duration::from_secs(8 * 3600); 20];
    workflow.set_retry_delays(stage, &hours).unwrap();
    ports.table.store_workflow(TEAM, &workflow).await.unwrap();
    let mut message = open(&ports, &assignment(&workflow, None)).await;
    ports.around.status.store(404, Ordering::SeqCst);
    let mut units = Vec::new();
    loop {
        dynamo.spent();
        match attempt(&ports, &message).await {
            Sent::Waits => {}
            Sent::Retrying => units.push(total(&dynamo.spent()).1),
            sent => {
                assert_eq!(sent, Sent::Failed);
                units.push(total(&dynamo.spent()).1);
                break;
            }
        }
        let quarter = 15 * 60 * 1000;
        ports.around.later.fetch_add(quarter, Ordering::SeqCst);
        message = ports.deliveries.0.lock().unwrap().pop().unwrap();
    }
    println!("write units of each attempt: {units:?}");
    assert_eq!(units.len(), 21);
    let (first, rest) = units.split_at(8);
    let (last, rest) = rest.split_last().unwrap();
    assert!(first.iter().all(|units| *units <= 3.0), "{units:?}");
    assert!(rest.iter().all(|units| *units <= 5.0), "{units:?}");
    // It enters the index of failed files.
    assert!(*last <= 6.0, "{units:?}");
}
