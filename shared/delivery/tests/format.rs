//! The formats of messages and records: what was written in one is read for ever, and is written the same again.
//!
//! The files below `format` never change. A field or a value that is not listed here needs a decision first: can
//! an older version do without it? See CONTRIBUTING.md, *A field of a message or a record*.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

use delivery::control::{Lane, LongCalls, Outage, Pause, Phase, StageControl};
use delivery::format::{Formatted, read, write};
use delivery::ports::StoredKey;
use delivery::{
    Assignment, AttemptRecord, AttemptSummary, BulkAssignment, DeadLetter, Delivery, DeliveryState,
    DocumentRef, FileKey, FileState, Item, ItemFilter, Outcome, Places, Reason, Rejection,
    S3Object, Slot, Status, Task, Visit, VisitRecord,
};
use serde::de::value::Error;
use serde::de::{DeserializeOwned, Error as _, Visitor};
use serde::{Deserialize, Deserializer, Serialize, forward_to_deserialize_any};
use serde_json::Value;
use workflow::{Actor, RejectReason, Role};

fn same_again<T: Formatted + Serialize + DeserializeOwned>(stored: &str) {
    let value: T = read(stored).unwrap_or_else(|error| panic!("{error}: {stored}"));
    let written: Value = serde_json::from_str(&write(&value).unwrap()).unwrap();
    assert_eq!(written, serde_json::from_str::<Value>(stored).unwrap());
}

#[test]
fn what_was_written_is_read_for_ever_and_written_the_same() {
    assert_eq!(check_files_of(1), 17);
    assert_eq!(check_files_of(2), 4);
}

/// Checks each, and returns how many there are.
fn check_files_of(format: u64) -> usize {
    let mut files = 0;
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format");
    for entry in fs::read_dir(directory.join(format.to_string())).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let check = match name.split('_').next().unwrap() {
            "assignment" => same_again::<Assignment>,
            "delivery" => same_again::<Delivery>,
            "dead" => same_again::<DeadLetter>,
            "record" => same_again::<FileState>,
            "visit" => same_again::<VisitRecord>,
            "attempt" => same_again::<AttemptRecord>,
            "rejection" => same_again::<Rejection>,
            "control" => same_again::<StageControl>,
            _ => panic!("what is {name}?"),
        };
        let stored = fs::read_to_string(&path).unwrap();
        let fields: Value = serde_json::from_str(&stored).unwrap();
        assert_eq!(fields["format_version"].as_u64().unwrap_or(1), format);
        check(&stored);
        files += 1;
    }
    files
}

/// Asks a type for the names of its fields or variants, as serde knows them.
struct Names<'a>(&'a mut Vec<&'static str>);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::custom("it has no names"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Error> {
        self.0.extend(fields);
        Err(Error::custom("its names are known"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_struct(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map identifier ignored_any
    }
}

fn has<T: for<'de> Deserialize<'de>>(expected: &str) {
    let mut found = Vec::new();
    assert!(T::deserialize(Names(&mut found)).is_err());
    let expected: Vec<&str> = expected.split_whitespace().collect();
    assert_eq!(
        found,
        expected,
        "{} has other names than its formats: see CONTRIBUTING.md, \"A field of a message or a record\"",
        std::any::type_name::<T>()
    );
}

#[test]
fn the_formats_have_these_names_and_no_others() {
    has::<Assignment>(
        "assignment_id team workflow_id stage_id item_id assigned_by assignee document traceparent waits",
    );
    has::<BulkAssignment>("command_id team workflow_id stage_id assigned_by assignee filter after");
    has::<ItemFilter>(
        "items names datasets workflow_id places failed_at ended_from ended_before assignee",
    );
    has::<Places>("in_dataset stages");
    has::<Item>("key name path dataset_id slots inserted_at updated_at");
    has::<Slot>("slot_name file_name type");
    has::<StoredKey>("prefix digest team user_id role name created_at");
    has::<Task>("attempt check");
    has::<DocumentRef>("inline s3");
    has::<S3Object>("bucket key version_id etag");
    has::<DeadLetter>("queue body cause");
    has::<FileKey>("team item_id");
    has::<FileState>("key workflow_id version status visit delivery passed hops updated_at");
    has::<Status>("waiting assigned queued sending complete");
    has::<Visit>("id stage_id sequence entered_at assigned_by assignee");
    has::<DeliveryState>(
        "delivery_id stage_id sequence assigned_by opened_at attempt next_at held_ms is_reserved is_wanted lease_until
         claim_id attempts inline document trace outcome reason ended_at moved_to",
    );
    has::<Outcome>("succeeded failed skipped");
    has::<AttemptSummary>("attempt at status reason duration_ms");
    has::<VisitRecord>("key workflow_id version visit delivery");
    has::<Rejection>("key assignment_id workflow_id stage_id actor reason at");
    has::<Actor>("user workflow");
    has::<Role>("owner admin member workforce_manager annotator");
    has::<StageControl>(
        "version write_id outage pause lane lane_since long_calls next_free updated_at",
    );
    has::<Outage>("since trips reason until phase asked");
    has::<Phase>("open half_open recovering");
    has::<Pause>("since by reason");
    has::<Lane>("fast slow");
    has::<LongCalls>("since sum_ms");
    has::<Reason>(
        "http_status redirect gone timeout connect_timeout dns connect tls connection_closed invalid_response
         forbidden_address invalid_url document_invalid document_missing document_changed document_forbidden
         document_too_large secret_missing authorization_failed workflow_missing stage_missing hop_limit
         circuit_open aborted condition_invalid body_invalid dead_lettered",
    );
    has::<RejectReason>(
        "worker_cannot_fire_automated_stage automated_stage_first not_assigned_to_stage already_assigned
         worker_cannot_move_files not_assignable no_edge_into_stage unknown_stage unknown_workflow busy
         assignment_id_reused stale",
    );
}

/// For two types serde does not tell the names. This stops to compile instead.
#[test]
fn the_others_have_these_fields() {
    let delivery: Delivery = read(include_str!("format/1/delivery.json")).unwrap();
    let Delivery {
        delivery_id: _,
        team: _,
        item_id: _,
        workflow_id: _,
        stage_id: _,
        task: _,
        document: _,
        lane: _,
        snapshot: _,
    } = delivery;
    let attempt: AttemptRecord = read(include_str!("format/1/attempt.json")).unwrap();
    let AttemptRecord {
        key: _,
        delivery_id: _,
        stage_id: _,
        version: _,
        summary: _,
        request_bytes: _,
        response_excerpt: _,
        detail: _,
    } = attempt;
}
