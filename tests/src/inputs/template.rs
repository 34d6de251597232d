//! A template and a document: whatever they are, the run stays within its limits, and an error is clear.

use std::sync::LazyLock;

use ::template::Context;
use ::template::fuzzing;
use serde_json::{Value, json};

/// A document as V7 has them, small.
static CONTEXT: LazyLock<Context> = LazyLock::new(|| {
    let document = json!({
        "version": "2.0",
        "item": {"name": "a \"b\".jpg", "path": "/", "slots": [{"slot_name": "0", "width": 1920, "height": 1080}]},
        "annotations": [
            {"id": "1", "name": "Urgent", "slot_names": ["0"], "properties": [], "tag": {}},
            {"id": "2", "name": "car", "slot_names": ["0"], "bounding_box": {"x": 1.5, "y": 2, "w": 3, "h": 4}},
            {"id": "3", "name": "car", "frames": {"0": {"tag": {}, "keyframe": true}}},
        ],
        "properties": [],
    });
    fuzzing::context(document, true)
});

/// All that must hold for a template, alone or followed by a NUL and a document.
///
/// # Panics
/// When something does not.
pub fn check(input: &[u8]) {
    let mut parts = input.splitn(2, |byte| *byte == 0);
    let template = String::from_utf8_lossy(parts.next().unwrap_or_default());
    fuzzing::check(&template, &CONTEXT);
    if let Some(document) = parts.next()
        && let Ok(document) = serde_json::from_slice::<Value>(document)
    {
        fuzzing::check(&template, &fuzzing::context(document.clone(), true));
        fuzzing::check(&template, &fuzzing::context(document, false));
    }
}
