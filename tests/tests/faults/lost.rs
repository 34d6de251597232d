use std::time::Duration;

use crate::proxy::{Fault, every};
use crate::receiver::mixed;
use crate::scene::Scene;

/// Connections break before a request and after it, to every service.
#[tokio::test(flavor = "multi_thread")]
async fn lost_requests_and_lost_answers_lose_no_file() {
    let scene = Scene::new("lost", |call| (mixed(call), Duration::ZERO)).await;
    scene.proxy.plan(|_, _, number| {
        if every(number, 10) {
            Fault::LoseRequest
        } else if every(number + 1, 10) {
            Fault::LoseAnswer
        } else {
            Fault::None
        }
    });
    let assignments = scene.assignments(200);
    scene.assign(&assignments).await;
    let settled = scene.settled(&assignments, Duration::from_secs(240)).await;
    let checked = scene.checked(&assignments, settled, |_| true).await;
    let before = scene.proxy.done(Fault::LoseRequest);
    let after = scene.proxy.done(Fault::LoseAnswer);
    println!("lost {before} requests and {after} answers: {checked:?}");
    assert!(before > 50 && after > 50, "{before} {after}");
    // Faults are everywhere, so any call may be the one whose result could not be written; but only where
    // the client's own retries were lost too.
    assert!(checked.doubled <= 20);
    assert!(checked.dead < 10);
    assert!(checked.refused <= scene.receiver.seen.always_refused());
    assert!(checked.retries > 0);
}
