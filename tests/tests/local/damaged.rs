use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::emulator::programs;
use crate::receiver::now;
use crate::scene::{CONCURRENCY, Scene};

const PAGE: usize = 4096;

/// What a disk may do to the end of a file that was being written.
fn spoil_the_end(path: &Path, bytes: usize) {
    let mut content = fs::read(path).unwrap();
    let start = content.len().saturating_sub(bytes);
    for (index, byte) in content[start..].iter_mut().enumerate() {
        *byte = (index * 31 % 251) as u8;
    }
    fs::write(path, content).unwrap();
}

/// A run that was killed in the middle, with many files still to do; and when.
async fn interrupted(program: &Path) -> (Scene, i64) {
    let scene = Scene::new(300, |_| (200, Duration::from_millis(20))).await;
    let mut command = scene.command(program, "");
    let log = fs::File::create(scene.log()).unwrap();
    command.stdout(Stdio::null()).stderr(log);
    let mut child = command.spawn().unwrap();
    let began = Instant::now();
    while scene.receiver.seen.calls().len() < 60 {
        let ended = child.try_wait().unwrap();
        assert!(
            ended.is_none() && began.elapsed() < Duration::from_secs(60),
            "too few calls to damage anything ({ended:?}); what it said:\n{}",
            fs::read_to_string(scene.log()).unwrap()
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let killed = now();
    child.kill().unwrap();
    child.wait().unwrap();
    (scene, killed)
}

/// Opens the database and closes it: with its last connection, its log goes into it.
async fn log_written_back(scene: &Scene) {
    drop(embedded::Engine::open(&scene.state(), embedded::Options::default()).unwrap());
    let began = Instant::now();
    while scene.database("-wal").exists() {
        let is_late = began.elapsed() > Duration::from_secs(30);
        assert!(!is_late, "the log is still there");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// The end of the log is what a power cut may leave unwritten: the run goes on from what is whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_ends_in_rubbish_is_gone_on_from() {
    let program = tokio::task::spawn_blocking(programs)
        .await
        .unwrap()
        .join("webhook-stage");
    let (scene, killed) = interrupted(&program).await;
    spoil_the_end(&scene.database("-wal"), PAGE);
    let ran = scene.run(&program, "").await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    // Under way when it was killed, or answered so shortly before that only the lost page had it.
    let lost =
        |call: &simulation::check::Call| call.until >= killed - 500 && call.from <= killed + 500;
    assert_eq!(scene.violations(lost).await, []);
    let doubled = scene.doubled();
    println!("{doubled} calls doubled");
    assert!(doubled <= 2 * CONCURRENCY, "{doubled}");
}

/// A page of the database itself cannot be made up for: the program says so, calls nobody, and leaves
/// everything as it is for whoever has a copy.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_refused_in_words() {
    let program = tokio::task::spawn_blocking(programs)
        .await
        .unwrap()
        .join("webhook-stage");
    let (scene, _) = interrupted(&program).await;
    log_written_back(&scene).await;
    spoil_the_end(&scene.database(""), PAGE);
    let before = scene.receiver.seen.calls().len();
    let ran = scene.run(&program, "").await;
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    let last = ran.stderr.lines().last().unwrap_or_default();
    println!("{last}");
    assert!(last.contains("webhook-stage.db"), "{}", ran.stderr);
    assert!(last.contains("damaged"), "{}", ran.stderr);
    assert_eq!(scene.receiver.seen.calls().len(), before);
}
