use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::scene::Scene;

/// The sender is killed while its calls are being answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_sender_killed_in_its_calls_doubles_only_those() {
    let scene = Scene::new("crash", Duration::from_secs(2)).await;
    let assignments = scene.assignments(60);
    scene.assign(&assignments).await;
    let began = Instant::now();
    while scene.receiver.seen.unanswered() < 10 {
        assert!(began.elapsed() < Duration::from_secs(60), "no calls");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let kill = json!({"do": "kill", "function": "sender"});
    let killed = scene.emulator.tell(&kill);
    let under_way: BTreeSet<_> = scene.receiver.seen.calls().into_iter().collect();
    let processes = killed["killed"].as_array().unwrap().len();
    assert!(processes > 0, "{killed}");
    let settled = scene.settled(&assignments, Duration::from_secs(180)).await;
    let (doubled, failed) = scene.checked(&settled).await;
    println!(
        "killed {processes} senders with calls under way: {doubled} of {} doubled, {failed} failed",
        under_way.len()
    );
    assert_eq!(failed, 0);
    for (call, count) in scene.receiver.seen.by_call() {
        assert!(count <= 2, "{call:?} was made {count} times");
        assert!(count == 1 || under_way.contains(&call), "{call:?}");
    }
}
