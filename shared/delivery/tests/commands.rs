//! Commands that come again, under another's id, or when their stage is no longer there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use delivery::machine::{
    DispatchDecision, SendDecision, decide_dispatch, decide_send, visit_id_of,
};
use delivery::{Assignment, Delivery, DocumentRef, FileState, Outcome, Status};
use serde_json::json;
use serde_json::value::RawValue;
use support::{NOW, chain, command, id};
use workflow::{Actor, RejectReason, Role};

fn opened(assignment: &Assignment, state: Option<&FileState>) -> (FileState, Delivery) {
    let workflow = chain(&["A", "B"]);
    match decide_dispatch(Some(&workflow), assignment, state, Some(false), NOW) {
        DispatchDecision::Open { next, delivery, .. } => (*next, *delivery),
        other => panic!("{other:?}"),
    }
}

fn inline(text: &str) -> Option<DocumentRef> {
    let json = RawValue::from_string(json!({"text": text}).to_string()).unwrap();
    Some(DocumentRef::Inline(json))
}

/// It is on no queue but this one, and no other command could free it.
#[test]
fn a_file_whose_stage_is_gone_gets_out_again() {
    let (open, _) = opened(&command("A"), None);
    let exit = delivery::machine::close(
        Some(&chain(&["A", "B"])),
        &open,
        Outcome::Succeeded,
        None,
        None,
        NOW,
    );
    let exit = exit.unwrap();
    let arrived = exit.assignment.unwrap();
    for gone in [None, Some(&chain(&["A"]))] {
        let decision = decide_dispatch(gone, &arrived, Some(&exit.next), None, NOW);
        let DispatchDecision::Open { next, delivery, .. } = decision else {
            panic!("{decision:?}");
        };
        assert_eq!((next.status, delivery.stage_id), (Status::Queued, id("B")));
        let decision = decide_dispatch(gone, &arrived, Some(&next), None, NOW);
        assert_eq!(decision, DispatchDecision::Reenqueue(delivery));
    }
    let decision = decide_dispatch(None, &command("A"), None, None, NOW);
    assert_eq!(
        decision,
        DispatchDecision::Reject(RejectReason::UnknownWorkflow)
    );
}

#[test]
fn another_command_under_the_same_id_is_rejected() {
    let workflow = chain(&["A", "B"]);
    let (open, message) = opened(&command("A"), None);
    let again =
        |command: &Assignment| decide_dispatch(Some(&workflow), command, Some(&open), None, NOW);
    assert_eq!(
        again(&command("A")),
        DispatchDecision::Reenqueue(Box::new(message))
    );
    let elsewhere = Assignment {
        workflow_id: id("another workflow"),
        ..command("A")
    };
    let by_a_worker = Assignment {
        assigned_by: Actor::User {
            id: Some(7),
            role: Role::Annotator,
        },
        ..command("A")
    };
    for other in [command("B"), elsewhere, by_a_worker] {
        assert_eq!(
            again(&other),
            DispatchDecision::Reject(RejectReason::AssignmentIdReused)
        );
    }
}

#[test]
fn a_command_that_comes_again_brings_no_other_document() {
    let workflow = chain(&["A", "B"]);
    let document_of = |state: &FileState, document| {
        let command = Assignment {
            document,
            ..command("A")
        };
        match decide_dispatch(Some(&workflow), &command, Some(state), None, NOW) {
            DispatchDecision::Reenqueue(message) => message.document,
            other => panic!("{other:?}"),
        }
    };
    let (stored, _) = opened(&command("A"), None);
    assert_eq!(document_of(&stored, inline("new")), None);
    let with = Assignment {
        document: inline("own"),
        ..command("A")
    };
    let (riding, _) = opened(&with, None);
    assert_eq!(document_of(&riding, inline("own")), inline("own"));
}

/// The record is the truth: a message that names another stage would be sent there, with its secrets.
#[test]
fn a_message_that_names_another_stage_is_corrected() {
    let (open, message) = opened(&command("A"), None);
    let wrong = Delivery {
        stage_id: id("B"),
        ..message.clone()
    };
    let SendDecision::Reenqueue { delivery, .. } = decide_send(&wrong, &open, NOW) else {
        panic!("it is sent");
    };
    assert_eq!(*delivery, message);
    assert_eq!(decide_send(&message, &open, NOW), SendDecision::Claim);
}

/// Receivers tell calls apart by it.
#[test]
fn one_command_for_many_files_opens_visits_of_their_own() {
    let first = command("A");
    let second = Assignment {
        item_id: id("another item"),
        ..command("A")
    };
    let of_another_team = Assignment {
        team: "another".to_owned(),
        ..command("A")
    };
    assert_ne!(visit_id_of(&first), visit_id_of(&second));
    assert_ne!(visit_id_of(&first), visit_id_of(&of_another_team));
    assert_eq!(visit_id_of(&first), visit_id_of(&command("A")));
}
