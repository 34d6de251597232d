//! The instructions that the dispatcher and the sender need for a batch.
//!
//! Batches after the first ten are counted, so that the start is apart.

use serde_json::{Value, json};

use crate::callgrind::Callgrind;
use crate::function::{Function, deliveries};
use crate::programs;
use crate::run::{ASSIGNMENTS, DELIVERIES, Scene};
use crate::template;

const BATCHES: [usize; 3] = [1, 10, 50];
const FEW: usize = 10;
const MANY: usize = 30;

/// In batches of each size.
pub async fn counted() -> Value {
    let programs = programs::pipeline();
    let mut counted = json!({"instructions": {"dispatcher": {}, "sender": {}}});
    for batch in BATCHES {
        let scene = Scene::new(&programs, template::defaults(), false).await;
        let stage = scene.workflow.first_webhook().unwrap().id;
        let mut of = |name: &str, queue: &str, messages: &[Vec<String>; 2]| {
            let [few, many] = messages
                .each_ref()
                .map(|all| instructions(&scene, name, queue, all, batch));
            let each = (many - few) / (MANY - FEW) as u64;
            println!(
                "{name:10} batches of {batch:2}: {:6.2} million instructions a batch, {:5.2} a file; start and {FEW} batches {:.0}",
                each as f64 / 1e6,
                each as f64 / 1e6 / batch as f64,
                few as f64 / 1e6
            );
            counted["instructions"][name][batch.to_string()] =
                json!(each.div_ceil(10_000) * 10_000);
        };
        let files = [FEW, MANY].map(|batches| batches * batch);
        of(
            "dispatcher",
            ASSIGNMENTS,
            &files.map(|files| scene.assignments(stage, files)),
        );
        let opened = deliveries(&scene.endpoint.sent());
        let (few, many) = opened.split_at(files[0]);
        of("sender", DELIVERIES, &[few.to_vec(), many.to_vec()]);
    }
    counted
}

fn instructions(
    scene: &Scene<'_>,
    name: &str,
    queue: &str,
    messages: &[String],
    batch: usize,
) -> u64 {
    let callgrind = Callgrind::new();
    let program = scene.programs.join(name);
    let words = callgrind.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let function = Function::start(&words, &program, &scene.parameters, &scene.endpoint);
    for batch in messages.chunks(batch) {
        function.handle(queue, batch);
    }
    function.end();
    callgrind.total()
}
