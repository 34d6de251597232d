//! A file whose receiver refuses all six attempts, with the template's defaults.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::function::deliveries;
use crate::run::{ASSIGNMENTS, DELIVERIES, Done, Scene};
use crate::template;

const FILES: usize = 10;
const ATTEMPTS: usize = 6;

pub async fn counted(programs: &Path) -> Value {
    let scene = Scene::new(programs, template::defaults(), false).await;
    let stage = scene.workflow.first_webhook().unwrap().id;
    let dispatcher = scene.start("dispatcher");
    dispatcher.handle(ASSIGNMENTS, &scene.assignments(stage, FILES));
    drop(dispatcher);
    scene.endpoint.answers(503);
    scene.endpoint.asked();
    let sender = scene.start("sender");
    let mut waiting = scene.endpoint.sent();
    for _ in 0..ATTEMPTS {
        let delay = waiting.iter().map(|sent| sent.delay).max().unwrap();
        tokio::time::sleep(Duration::from_secs(delay)).await;
        let messages = deliveries(&waiting);
        assert_eq!(messages.len(), FILES);
        sender.handle(DELIVERIES, &messages);
        waiting = scene.endpoint.sent();
    }
    assert!(waiting.is_empty(), "{waiting:?}");
    assert_eq!(scene.endpoint.calls(), (FILES * ATTEMPTS) as u64);
    let done = Done {
        messages: FILES,
        asked: scene.endpoint.asked(),
        log: sender.lines(0),
    };
    let mut counted = done.a_message();
    counted["attempts"] = json!(ATTEMPTS);
    counted
}
