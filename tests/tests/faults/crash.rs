use std::time::Duration;

use serde_json::json;
use simulation::check::Call;

use crate::receiver::{mixed, now};
use crate::scene::Scene;

/// The sender is killed while its calls are being answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_sender_killed_in_its_calls_doubles_only_those() {
    let scene = Scene::new("crash", |call| (mixed(call), Duration::from_secs(2))).await;
    let assignments = scene.assignments(60);
    scene.assign(&assignments).await;
    scene.until(|seen| seen.under_way().len() >= 10).await;
    let before = now();
    let kill = json!({"do": "kill", "function": "sender"});
    let killed = scene.emulator.tell(&kill);
    let after = now();
    let processes = killed["killed"].as_array().unwrap().len();
    assert!(processes > 0, "{killed}");
    // Under way when their sender died, or answered so shortly before that it is not on record.
    let cut_off = |call: &Call| call.from <= after && call.until >= before - 1_000;
    let settled = scene.settled(&assignments, Duration::from_secs(180)).await;
    let checked = scene.checked(&assignments, settled, cut_off).await;
    let calls = scene.receiver.seen.calls();
    let cut_off = calls.iter().filter(|call| cut_off(call)).count();
    println!("killed {processes} senders, {cut_off} calls cut off: {checked:?}");
    assert_eq!(checked.dead, 0);
    assert_eq!(checked.refused, scene.receiver.seen.always_refused());
    assert!(checked.retries > 0);
    assert!(cut_off >= 10, "{cut_off}");
    let most = scene.receiver.seen.by_call().into_values().max();
    assert!(most <= Some(2), "a call was made {most:?} times");
}
