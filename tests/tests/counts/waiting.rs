//! A file whose next attempt is due in a day: what the message costs that comes every quarter of an hour until then.

use std::path::Path;

use serde_json::{Value, json};

use crate::run::{ASSIGNMENTS, DELIVERIES, Done, Scene};
use crate::template;

const FILES: usize = 10;
const ROUNDS: usize = 3;

pub async fn counted(programs: &Path) -> Value {
    let scene = Scene::with_delays(programs, template::defaults(), false, &json!(["24h"])).await;
    let stage = scene.workflow.first_webhook().unwrap().id;
    let dispatcher = scene.start("dispatcher");
    dispatcher.handle(ASSIGNMENTS, &scene.assignments(stage, FILES));
    drop(dispatcher);
    let sender = scene.start("sender");
    scene.endpoint.answers(503);
    let first: Vec<String> = (scene.endpoint.sent().into_iter())
        .map(|sent| sent.body)
        .collect();
    sender.handle(DELIVERIES, &first);
    let mut waiting = on_their_way(&scene);
    scene.endpoint.asked();
    let from = sender.logged();
    for _ in 0..ROUNDS {
        sender.handle(DELIVERIES, &waiting);
        waiting = on_their_way(&scene);
    }
    let done = Done {
        messages: FILES * ROUNDS,
        asked: scene.endpoint.asked(),
        log: sender.lines(from),
    };
    let mut counted = done.a_message();
    for message in &waiting[..2] {
        sender.handle(DELIVERIES, std::slice::from_ref(message));
    }
    let alone = Done {
        messages: 2,
        asked: scene.endpoint.asked(),
        log: Vec::new(),
    };
    counted["requests_in_a_row"] = alone.a_message()["requests"].clone();
    counted
}

/// All come back before the attempt is due.
fn on_their_way(scene: &Scene<'_>) -> Vec<String> {
    let sent = scene.endpoint.sent();
    assert_eq!(sent.len(), FILES);
    assert!(
        sent.iter()
            .all(|sent| sent.queue == DELIVERIES && (450..=900).contains(&sent.delay)),
        "{sent:?}"
    );
    sent.into_iter().map(|sent| sent.body).collect()
}
