//! Files that are delivered, and attempts that fail.

use std::sync::atomic::Ordering;

use aws_dynamodb_tests::Dynamo;
use delivery::usecase::Sent;
use delivery::*;
use uuid::Uuid;

use crate::ports::*;

#[tokio::test]
async fn a_delivered_file_costs_three_writes_and_half_a_read() {
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
        // The dispatcher's read and three writes a file, and the test's own look.
        assert_eq!(spent.len() - of_workflow, 50, "{what}");
        let (reads, writes, of_workflows) = total(&spent);
        // The last look at each file is the test's own.
        let (reads, writes) = ((reads - 10.0) / 10.0, writes / 10.0);
        println!(
            "document {what}: {writes} write units and {reads} read units a file; the workflow {of_workflows} for all"
        );
        assert!(writes <= 3.0 && reads <= 0.5, "{what}: {writes} {reads}");
    }
}

#[tokio::test]
async fn an_attempt_that_fails_costs_three_writes_more() {
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
        assert!(writes <= 3.0 && reads == 0.0, "{writes} {reads}");
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
    // The longest that a trace can be in a record.
    assignment.trace =
        Trace::of_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
    assert!(assignment.trace.is_some());
    for stage in stages {
        assignment.assignment_id = Uuid::new_v4();
        assignment.stage_id = stage;
        let delivery = open(&ports, &assignment).await;
        dynamo.spent();
        assert_eq!(attempt(&ports, &delivery).await, Sent::Succeeded);
        let (_, writes, _) = total(&dynamo.spent());
        assert!(writes <= 2.0, "a claim and an exit: {writes}");
    }
}
