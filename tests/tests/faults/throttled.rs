use std::time::Duration;

use crate::proxy::{Fault, every};
use crate::scene::Scene;

/// A third of all requests to the table, and all of them for a while.
#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_table_loses_no_file() {
    let scene = Scene::new("throttled", |_| (200, Duration::ZERO)).await;
    scene.proxy.plan(|service, _, number| {
        let burst = (200..700).contains(&number);
        if service == "DynamoDB" && (burst || every(number, 30)) {
            Fault::Throttle
        } else {
            Fault::None
        }
    });
    let assignments = scene.assignments(200);
    scene.assign(&assignments).await;
    let settled = scene.settled(&assignments, Duration::from_secs(240)).await;
    let (doubled, failed) = scene.checked(&assignments, settled, |_| true).await;
    let throttled = scene.proxy.done(Fault::Throttle);
    println!("throttled {throttled} requests: {doubled} calls doubled, {failed} files failed");
    assert!(throttled > 500, "{throttled}");
    assert!(failed < 20, "{failed} of 200 files failed");
    let log = scene.emulator.log();
    let mut returned = log
        .lines()
        .filter(|line| line.contains("goes back"))
        .peekable();
    assert!(returned.peek().is_some(), "nothing went back to its queue");
    for line in returned {
        let named = ["team", "item_id", "stage_id"]
            .iter()
            .all(|field| line.contains(field));
        assert!(named, "whose record is it? {line}");
    }
}
