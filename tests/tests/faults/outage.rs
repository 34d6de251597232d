//! A receiver that dies and comes back, and one that takes long: breaker and lanes in the deployed functions.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use aws_sdk_sqs::types::QueueAttributeName;
use delivery::control::{Lane, StageControl, StageKey};
use delivery::ports::{Controls, Operator};
use delivery::{DeliveryState, Outcome, Reason};
use serde_json::json;

use crate::receiver::now;
use crate::scene::Scene;

/// How old a function's view of a control record may be.
pub const CACHED: Duration = Duration::from_secs(6);

pub fn stage(scene: &Scene, team: &str) -> StageKey {
    StageKey {
        team: team.to_owned(),
        workflow_id: scene.workflow.id,
        stage_id: scene.workflow.first_webhook().unwrap().id,
    }
}

/// Waits until the stage's control record is so.
pub async fn until_control(scene: &Scene, team: &str, is_so: fn(&StageControl) -> bool) {
    let began = Instant::now();
    let stage = stage(scene, team);
    loop {
        let control = scene.operator.records().control(&stage).await.unwrap();
        if is_so(&control) {
            return;
        }
        let waited = began.elapsed();
        assert!(waited < Duration::from_secs(90), "{control:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Messages of a queue: visible, in flight, delayed.
async fn messages(scene: &Scene, queue: &str) -> [usize; 3] {
    let client = aws_sdk_sqs::Client::new(&scene.emulator.config());
    let asked = client
        .get_queue_attributes()
        .queue_url(scene.emulator.output(queue));
    let asked = asked.attribute_names(QueueAttributeName::All).send();
    let found = asked.await.unwrap().attributes.unwrap_or_default();
    let count = |name| found.get(&name).map_or(0, |count| count.parse().unwrap());
    [
        count(QueueAttributeName::ApproximateNumberOfMessages),
        count(QueueAttributeName::ApproximateNumberOfMessagesNotVisible),
        count(QueueAttributeName::ApproximateNumberOfMessagesDelayed),
    ]
}

const ATTEMPTS: u32 = 11;

static STATUS: AtomicU16 = AtomicU16::new(500);

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_dies_is_left_alone_and_gets_its_files_when_it_is_back() {
    let team = "outage";
    let answer = |_| (STATUS.load(Ordering::SeqCst), Duration::from_millis(20));
    let settings = json!({
        // As many as there may be: a retry of the probe is due just when the next probe is, so with equal delays the same
        // delivery may be the probe again and again, until its attempts are used up.
        "retry_delays": vec![1; ATTEMPTS as usize - 1],
        "timeout": 2,
        "breaker_patience": "10m",
    });
    let scene = Scene::with(team, answer, settings).await;
    let mut assignments = scene.assignments(20);
    scene.assign(&assignments).await;
    until_control(&scene, team, |control| control.outage.is_some()).await;
    let tripped = scene.receiver.seen.calls().len();

    // While it is down, one delivery calls it at a time, at most once a second; the others wait in the slow lane.
    let more = scene.assignments(60);
    scene.assign(&more).await;
    assignments.extend(more);
    tokio::time::sleep(CACHED).await;
    let before = scene.receiver.seen.calls().len();
    tokio::time::sleep(Duration::from_secs(8)).await;
    let probes = scene.receiver.seen.calls().len() - before;
    let fast = messages(&scene, "DeliveriesQueueUrl").await;
    let slow = messages(&scene, "SlowDeliveriesQueueUrl").await;
    assert!(probes <= 9, "{probes} calls in 8 s");
    assert_eq!(fast, [0; 3], "nothing of it takes a place of the fast lane");
    assert!(slow.iter().sum::<usize>() >= 60, "{slow:?}");

    let back = now();
    STATUS.store(200, Ordering::SeqCst);
    let settled = scene.settled(&assignments, Duration::from_secs(120)).await;
    let took = now() - back;
    let (failed, delivered): (Vec<_>, Vec<_>) =
        settled.iter().partition(|file| file.is_failed_at_rest());
    let calls = scene.receiver.seen.calls();
    let mut by_second = BTreeMap::new();
    for call in calls.iter().filter(|call| call.from >= back) {
        *by_second.entry((call.from - back) / 1000).or_insert(0) += 1;
    }
    println!(
        "a receiver that dies: {tripped} calls until its breaker was seen open, {probes} in 8 s while it was open; back, \
         {} files delivered and {} failed within {:.1} s; calls by second {by_second:?}",
        delivered.len(),
        failed.len(),
        Duration::from_millis(took.unsigned_abs()).as_secs_f64(),
    );
    // Only a delivery that was the probe again and again may have used up its attempts, by its own schedule.
    assert!(failed.len() <= 1, "{failed:?}");
    let deliveries = settled.iter().map(|file| file.delivery.as_ref().unwrap());
    let by_own_schedule =
        |it: &&DeliveryState| it.attempt == ATTEMPTS && it.reason == Some(Reason::HttpStatus);
    let (refused, accepted): (Vec<_>, Vec<_>) =
        deliveries.partition(|it| it.outcome == Some(Outcome::Failed));
    assert!(refused.iter().all(by_own_schedule), "{refused:?}");
    // Each file has come once, and no attempt was spent by waiting.
    let answered = |status| calls.iter().filter(move |call| call.status == Some(status));
    assert_eq!(answered(200).count(), accepted.len());
    let spent: u32 = accepted.iter().map(|it| it.attempt - 1).sum();
    assert_eq!(
        spent as usize + ATTEMPTS as usize * refused.len(),
        answered(500).count()
    );
    until_control(&scene, team, StageControl::is_plain).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_whose_calls_take_long_is_called_from_the_slow_lane() {
    let team = "slow";
    let answer = |_| (200, Duration::from_millis(3_300));
    let scene = Scene::with(team, answer, json!({"timeout": 8})).await;
    let mut assignments = scene.assignments(20);
    scene.assign(&assignments).await;
    until_control(&scene, team, |control| control.lane == Lane::Slow).await;
    tokio::time::sleep(CACHED).await;
    let more = scene.assignments(20);
    scene.assign(&more).await;
    assignments.extend(more.clone());
    let (mut fast, mut slow) = (0, 0);
    for _ in 0..10 {
        fast = fast.max(messages(&scene, "DeliveriesQueueUrl").await[1]);
        slow = slow.max(messages(&scene, "SlowDeliveriesQueueUrl").await[1]);
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let settled = scene.settled(&assignments, Duration::from_secs(120)).await;
    assert!(settled.iter().all(|file| !file.is_failed_at_rest()));
    println!(
        "a stage that takes long: {fast} deliveries in flight on the fast queue, {slow} on the slow one"
    );
    assert!(slow > 0 && fast == 0, "{fast} {slow}");
    let counts = scene.receiver.seen.by_call();
    assert!(counts.len() == 40 && counts.values().all(|count| *count == 1));
}
