//! The trace of a file's calls, from its assignment along the edges.
#![allow(unreachable_pub, clippy::unwrap_used, clippy::panic)]

mod support;

use delivery::machine::{Effect, announcement_of, close};
use delivery::{Assignment, FileState, Outcome, Trace};
use proptest::prelude::*;
use support::{NOW, chain, command, dispatched};
use uuid::Uuid;

const PRODUCERS: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

fn trace_of(state: &FileState) -> Trace {
    state.delivery.as_ref().unwrap().trace()
}

/// The records of a walk through three Webhook stages, each as the dispatcher has opened it; and the last event.
fn walk(assignment: Assignment) -> Vec<FileState> {
    let workflow = chain(&["A", "B", "C"]);
    let mut opened: Vec<FileState> = Vec::new();
    let (mut state, mut next) = (None, Some(assignment));
    while let Some(assignment) = next {
        let effects = dispatched(&workflow, &assignment, state.as_ref());
        let written = effects.iter().find_map(|effect| match effect {
            Effect::Write(next, _) => Some((**next).clone()),
            _ => None,
        });
        let written = written.unwrap();
        for effect in &effects {
            if let Effect::ArchiveVisit(visit) = effect {
                let left = announcement_of(visit).unwrap();
                assert_eq!(left.trace_id, trace_of(&opened[opened.len() - 1]).id());
            }
        }
        let closed = close(Some(&workflow), &written, Outcome::Failed, None, None, NOW).unwrap();
        assert_eq!(closed.left.trace_id, trace_of(&written).id());
        opened.push(written);
        (state, next) = (Some(closed.next), closed.assignment);
    }
    opened
}

#[test]
fn a_producers_trace_goes_with_the_file() {
    let trace = Trace::of_traceparent(PRODUCERS);
    let given = Assignment {
        trace,
        ..command("A")
    };
    let message = serde_json::to_string(&given).unwrap();
    let opened = walk(Assignment::parse(&message).unwrap());
    assert_eq!(opened.len(), 3);
    for state in &opened {
        assert_eq!(Some(trace_of(state)), trace);
        let json = serde_json::to_string(state).unwrap();
        assert_eq!(&serde_json::from_str::<FileState>(&json).unwrap(), state);
    }
}

#[test]
fn without_one_the_trace_begins_with_the_first_delivery_and_costs_its_record_nothing() {
    let opened = walk(command("A"));
    let first = opened[0].delivery.as_ref().unwrap();
    assert_eq!(first.trace, None);
    let trace = Trace::begun_by(first.delivery_id);
    for state in &opened {
        assert_eq!(trace_of(state), trace);
    }
}

proptest! {
    /// Whatever a producer sends, no call has a header that the standard does not allow.
    #[test]
    fn any_text_is_ignored_or_gives_a_valid_header(
        text in prop_oneof![any::<String>(), "[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?"],
        claim_id in any::<u128>(),
    ) {
        if let Some(trace) = Trace::of_traceparent(&text) {
            let call = trace.call(Uuid::from_u128(claim_id)).to_string();
            prop_assert_eq!(call.len(), 55);
            prop_assert_eq!(Trace::of_traceparent(&call), Some(trace));
            prop_assert_eq!(&call[3..35], &text[3..35]);
        }
    }

    #[test]
    fn any_assignment_is_read_whatever_its_traceparent_is(text in any::<String>()) {
        let given = serde_json::to_value(command("A")).unwrap();
        for value in [text.clone().into(), serde_json::json!([text]), serde_json::json!(1), serde_json::Value::Null] {
            let mut given = given.clone();
            given["traceparent"] = value;
            prop_assert!(Assignment::parse(&given.to_string()).is_ok());
        }
    }
}
