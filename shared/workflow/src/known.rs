//! The fields of a workflow whose form is known: V7's as darwin-py's `workflow.py` and V7's own exports
//! have them, and this project's. Those that darwin-py calls of unknown type are listed only where V7's
//! documents or its editor show one; the rest are kept as they are.

use crate::form::{Fields, Form};

/// Of the workflow, beside `id` and `stages`.
pub(crate) const WORKFLOW: Fields = &[
    ("name", Form::Text),
    ("team_id", Form::Whole),
    ("inserted_at", Form::Text),
    ("updated_at", Form::Text),
    ("thumbnails", Form::List(&Form::Any)),
    (
        "progress",
        Form::Object(&[
            ("complete", Form::Whole),
            ("idle", Form::Whole),
            ("in_progress", Form::Whole),
            ("total", Form::Whole),
        ]),
    ),
    (
        "dataset",
        Form::Object(&[
            ("id", Form::Whole),
            ("name", Form::Text),
            ("instructions", Form::Text),
            ("annotation_hotkeys", Form::Object(&[])),
            ("annotators_can_instantiate_workflows", Form::Flag),
        ]),
    ),
];

/// Of a stage, beside `id` and `type`.
pub(crate) const STAGE: Fields = &[
    ("name", Form::Text),
    ("assignable_users", Form::List(&Form::User)),
    ("edges", Form::List(&Form::Object(EDGE))),
    ("config", Form::Object(CONFIG)),
];

const EDGE: Fields = &[
    ("id", Form::Uuid),
    ("name", Form::Text),
    ("source_stage_id", Form::Uuid),
    ("target_stage_id", Form::Uuid),
];

/// Of every stage's `config`: V7 writes one set of fields, whatever the stage's type.
const CONFIG: Fields = &[
    ("x", Form::Number),
    ("y", Form::Number),
    ("initial", Form::Flag),
    ("readonly", Form::Flag),
    ("skippable", Form::Flag),
    ("auto_instantiate", Form::Flag),
    ("retry_if_fails", Form::Flag),
    ("include_annotations", Form::Flag),
    ("assignable_to", Form::OneOf(&["anyone", "manual"])),
    ("dataset_id", Form::Whole),
    ("model_id", Form::Text),
    ("model_type", Form::Text),
    (
        "class_mapping",
        Form::List(&Form::Object(&[
            ("annotation_class_id", Form::Whole),
            ("model_class_label", Form::Text),
        ])),
    ),
    ("parallel_stage_ids", Form::List(&Form::Uuid)),
    ("test_stage_id", Form::Uuid),
    ("champion_stage_id", Form::Uuid),
    ("iou_thresholds", Form::Object(&[])),
    ("rules", Form::List(&Form::Any)),
];

/// Of every other stage than a Webhook stage, which reads these itself and asks more of them.
pub(crate) const NOT_OF_A_WEBHOOK: Fields = &[("config", Form::Object(WEBHOOK))];

const WEBHOOK: Fields = &[
    ("url", Form::Hidden),
    ("authorization_header", Form::Hidden),
    ("signing_secrets", Form::List(&Form::Hidden)),
    ("secret_ref", Form::Text),
    ("max_retries", Form::Whole),
    ("retry_delays", Form::List(&Form::Delay)),
    ("timeout", Form::Delay),
    ("presigned_url_expiry", Form::Delay),
];
