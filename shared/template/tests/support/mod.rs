//! Documents for the tests.
#![allow(dead_code)]

use serde_json::{Value, json};
use template::Context;
use template::fuzzing::context;

/// As V7 has them: a tag, boxes and a polygon.
pub(crate) fn document() -> Value {
    json!({
        "version": "2.0",
        "item": {
            "name": "photo \"7\".jpg",
            "path": "/",
            "source_info": {
                "item_id": "01920b92-1d5d-94a4-6fbe-8a4d7f9fa15d",
                "team": {"name": "E2E Testing", "slug": "e2e-testing"},
                "dataset": {"name": "Cars", "slug": "cars"},
                "workview_url": "https://darwin.v7labs.com/workview?dataset=339501&item=01920b92"
            },
            "slots": [{"type": "image", "slot_name": "0", "width": 1920, "height": 1080}]
        },
        "annotations": [
            {"id": "a", "name": "Urgent", "slot_names": ["0"], "properties": [], "tag": {}},
            {"id": "b", "name": "car", "slot_names": ["0"], "properties": [],
             "bounding_box": {"x": 1.5, "y": 2.0, "w": 30.0, "h": 40.0}},
            {"id": "c", "name": "car", "slot_names": ["0"], "properties": [],
             "bounding_box": {"x": 3.0, "y": 4.0, "w": 5.0, "h": 6.0}},
            {"id": "d", "name": "person", "slot_names": ["0"],
             "properties": [{"name": "age", "value": "adult", "frame_index": 0}],
             "polygon": {"paths": [[{"x": 1.0, "y": 2.0}]]}},
        ],
        "properties": []
    })
}

/// A context of that document.
pub(crate) fn whole(document: Value) -> Context {
    context(document, true)
}
