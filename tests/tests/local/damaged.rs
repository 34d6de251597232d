use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use crate::emulator::programs;
use crate::scene::Scene;

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

/// A run that was killed in the middle, with many files still to do.
async fn interrupted(program: &Path) -> Scene {
    let scene = Scene::new(300, |_| (200, Duration::from_millis(20))).await;
    let mut command = scene.command(program, "");
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    while scene.receiver.seen.calls().len() < 60 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    child.kill().unwrap();
    child.wait().unwrap();
    scene
}

/// The end of the log is what a power cut may leave unwritten: the run goes on from what is whole.
#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_ends_in_rubbish_is_gone_on_from() {
    let program = tokio::task::spawn_blocking(programs)
        .await
        .unwrap()
        .join("webhook-stage");
    let scene = interrupted(&program).await;
    spoil_the_end(&scene.database("-wal"), PAGE);
    let ran = scene.run(&program, "").await;
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert_eq!(scene.violations(|_| true).await, []);
    println!("{} calls doubled", scene.doubled());
}

/// A page of the database itself cannot be made up for: the program says so, calls nobody, and leaves
/// everything as it is for whoever has a copy.
#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_database_is_refused_in_words() {
    let program = tokio::task::spawn_blocking(programs)
        .await
        .unwrap()
        .join("webhook-stage");
    let scene = interrupted(&program).await;
    // The log goes into the database when the last connection closes.
    drop(embedded::Engine::open(&scene.state(), embedded::Options::default()).unwrap());
    tokio::time::sleep(Duration::from_millis(200)).await;
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
