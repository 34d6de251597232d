use std::time::Duration;

use serde_json::json;
use simulation::check::Call;

use crate::receiver::now;
use crate::scene::Scene;

/// The engine goes away in the middle and comes back with what it had.
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_restarts_loses_no_file() {
    let scene = Scene::new("restart", |_| (200, Duration::from_millis(300))).await;
    let assignments = scene.assignments(120);
    scene.assign(&assignments).await;
    scene.until(|seen| seen.calls().len() >= 20).await;
    let before = now();
    let emulator = scene.emulator;
    let restarted = tokio::task::spawn_blocking(|| emulator.tell(&json!({"do": "restart"})));
    assert_eq!(restarted.await.unwrap()["done"], "restart");
    let after = now();
    // Under way while the engine was away, or answered so shortly before that it is not on record.
    let cut_off = |call: &Call| call.from <= after && call.until >= before - 1_000;
    let settled = scene.settled(&assignments, Duration::from_secs(180)).await;
    let checked = scene.checked(&assignments, settled, cut_off).await;
    println!("restarted the engine: {checked:?}");
    assert_eq!((checked.dead, checked.refused), (0, 0));
    let most = scene.receiver.seen.by_call().into_values().max();
    assert!(most <= Some(2), "a call was made {most:?} times");
}
