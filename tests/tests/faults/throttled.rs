use std::time::Duration;

use crate::proxy::{Fault, every};
use crate::receiver::mixed;
use crate::scene::Scene;

/// A third of all requests to the table, and all of them for a while.
#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_table_loses_no_file() {
    let scene = Scene::new("throttled", |call| (mixed(call), Duration::ZERO)).await;
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
    let checked = scene.checked(&assignments, settled, |_| true).await;
    let throttled = scene.proxy.done(Fault::Throttle);
    println!("throttled {throttled} requests: {checked:?}");
    assert!(throttled > 500, "{throttled}");
    // Any call may be the one whose result could not be written; but only where the client's own retries
    // were throttled too.
    assert!(checked.doubled <= 40);
    assert!(checked.dead < 20);
    assert!(checked.refused <= scene.receiver.seen.always_refused());
    assert!(checked.retries > 0);
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
