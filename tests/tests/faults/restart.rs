use std::time::Duration;

use serde_json::json;

use crate::scene::Scene;

/// The engine goes away in the middle and comes back with what it had.
#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_restarts_loses_no_file() {
    let scene = Scene::new("restart", |_| (200, Duration::from_millis(300))).await;
    let assignments = scene.assignments(120);
    scene.assign(&assignments).await;
    while scene.receiver.seen.calls().len() < 20 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let emulator = scene.emulator;
    let restarted = tokio::task::spawn_blocking(|| emulator.tell(&json!({"do": "restart"})));
    assert_eq!(restarted.await.unwrap()["done"], "restart");
    let settled = scene.settled(&assignments, Duration::from_secs(180)).await;
    let (doubled, failed) = scene.checked(&assignments, settled, |_| true).await;
    println!("restarted the engine: {doubled} calls doubled, {failed} files failed");
    assert_eq!(failed, 0);
    let most = scene.receiver.seen.by_call().into_values().max();
    assert!(most <= Some(2), "a call was made {most:?} times");
}
