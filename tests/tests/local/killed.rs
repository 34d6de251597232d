use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::emulator::programs;
use crate::receiver::{Call, mixed, now};
use crate::scene::Scene;

const FILES: usize = 500;
const KILLS: usize = 10;

fn answer(call: Call) -> (u16, Duration) {
    (mixed(call), Duration::from_millis(40))
}

/// Nothing is lost or stuck; a call comes twice only if it was under way when its sender died.
#[tokio::test(flavor = "multi_thread")]
async fn killed_ten_times_nothing_is_lost() {
    let program = tokio::task::spawn_blocking(programs)
        .await
        .unwrap()
        .join("webhook-stage");
    let scene = Scene::new(FILES, answer).await;
    let mut killed = Vec::new();
    for kill in 0..KILLS {
        let mut command = scene.command(&program, "");
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        // Half of the moments are spread over start and registration, half lie in the midst of calls.
        if kill % 2 == 0 {
            let moment = 60 + (kill as u64 * 7919 + u64::from(child.id())) % 400;
            tokio::time::sleep(Duration::from_millis(moment)).await;
        } else {
            let seen = scene.receiver.seen.calls().len();
            let began = Instant::now();
            while scene.receiver.seen.calls().len() < seen + 60
                && child.try_wait().unwrap().is_none()
                && began.elapsed() < Duration::from_secs(30)
            {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        }
        let before = now();
        if child.try_wait().unwrap().is_none() {
            child.kill().unwrap();
            killed.push((before, now()));
        }
        child.wait().unwrap();
    }
    let ran = scene.run(&program, "").await;
    assert_eq!(ran.code, Some(2), "{}", ran.stderr);
    assert_eq!(ran.stdout.lines().count(), FILES, "{}", ran.stderr);
    assert!(killed.len() >= KILLS / 2, "over too soon: {}", killed.len());
    let cut_off = |call: &simulation::check::Call| {
        // What was answered is on record within a moment; the margin is for a machine under load.
        let mut killed = killed.iter();
        killed.any(|(before, after)| call.from <= *after && call.until >= before - 1_000)
    };
    assert_eq!(scene.violations(cut_off).await, []);
    let calls = scene.receiver.seen.calls();
    let cut_off = calls.iter().filter(|call| cut_off(call)).count();
    assert!(cut_off > 0, "every kill missed the calls");
    let retries = scene.receiver.seen.retries();
    assert!(retries > 0);
    println!(
        "{} kills, {FILES} files, {} calls, {retries} of them retries, {cut_off} cut off, {} doubled",
        killed.len(),
        calls.len(),
        scene.doubled()
    );
}
