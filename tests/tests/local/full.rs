use std::time::Duration;

use crate::emulator::programs;
use crate::receiver::now;
use crate::scene::{CONCURRENCY, Scene};

/// The disk takes no more than so much of a file, at several points of the run; then there is room again.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_run_and_loses_nothing() {
    let program = tokio::task::spawn_blocking(programs)
        .await
        .unwrap()
        .join("webhook-stage");
    let scene = Scene::new(200, |_| (200, Duration::from_millis(5))).await;
    let mut refused = 0;
    let mut last_full = 0;
    for kilobytes in [64, 200, 400, 700, 1100] {
        // Without the signal, a write beyond the limit fails as one on a full disk does.
        let limit = format!("trap '' XFSZ; ulimit -f {kilobytes};");
        let ran = scene.run(&program, &limit).await;
        assert_eq!(ran.code, Some(1), "{kilobytes} KiB: {}", ran.stderr);
        let last = ran.stderr.lines().last().unwrap_or_default();
        println!("{kilobytes} KiB: {last}");
        assert!(last.contains("disk"), "{}", ran.stderr);
        refused += 1;
        last_full = now();
    }
    let ran = scene.run(&program, "").await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    // A result that could not be written is a call that comes again: of each run, those that were under way
    // when it could write no more, and so could claim none.
    let unwritten = |call: &simulation::check::Call| call.from <= last_full;
    assert_eq!(scene.violations(unwritten).await, []);
    let doubled = scene.doubled();
    println!("refused {refused} times; {doubled} calls doubled");
    assert!(doubled <= refused * CONCURRENCY, "{doubled}");
}
