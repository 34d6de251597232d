//! The fields of a workflow whose form is known: V7's, from darwin-py's `workflow.py` and V7's own exports, and
//! this project's. Fields whose type darwin-py gives as unknown are listed only if V7's documentation or
//! editor shows a type. All others are kept unchanged.

use crate::breaker_json::SETTINGS;
use crate::form::{Fields, Form};

/// Fields of the workflow, besides `id` and `stages`.
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

/// Fields of a stage, besides `id` and `type`.
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

/// Fields of every stage's `config`: V7 writes the same set of fields whatever the stage's type.
const CONFIG: Fields = &[
    ("x", Form::Number),
    ("y", Form::Number),
    ("initial", Form::Flag),
    ("readonly", Form::Flag),
    ("skippable", Form::Flag),
    ("auto_instantiate", Form::Flag),
    ("retry_if_fails", Form::Flag),
    ("include_annotations", Form::Flag),
    ("receiver_control", Form::Flag),
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

/// Fields checked here for every stage but a Webhook stage, for which they are read, and checked more
/// strictly, elsewhere.
pub(crate) const NOT_OF_A_WEBHOOK: Fields = &[("config", Form::Object(WEBHOOK))];

const WEBHOOK: Fields = &[
    ("url", Form::Hidden),
    ("authorization_header", Form::Hidden),
    ("signing_secrets", Form::List(&Form::Hidden)),
    ("secret_ref", Form::Text),
    ("max_retries", Form::Whole),
    (
        "retry_delays",
        Form::NameOr("standard-webhooks", &Form::List(&Form::Delay)),
    ),
    ("timeout", Form::Delay),
    ("presigned_url_expiry", Form::Delay),
    ("breaker", Form::FlagOr(SETTINGS)),
    ("breaker_patience", Form::Delay),
    ("max_rate", Form::Text),
    ("condition", Form::Text),
    ("content_type", Form::Text),
    ("method", Form::Text),
    ("headers", Form::Object(&[])),
    ("retry_on", Form::List(&Form::Any)),
    (
        "authorization",
        Form::Object(&[("password", Form::Hidden), ("client_secret", Form::Hidden)]),
    ),
    (
        "client_certificate",
        Form::Object(&[("certificate", Form::Hidden), ("key", Form::Hidden)]),
    ),
];
