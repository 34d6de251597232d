//! Commands that come again, under another's id, or when their stage is no longer there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use delivery::machine::{
    Dispatched, Effect, FromHistory, SenderStep, Sent, Step, close, send_step, visit_id_of,
};
use delivery::{Assignment, Delivery, DocumentRef, FileState, Outcome, Status, Task};
use serde_json::json;
use serde_json::value::RawValue;
use support::{NOW, chain, command, dispatched, id, step};
use workflow::{Actor, MAX_TIMEOUT, RejectReason, Role};

fn opened(assignment: &Assignment, state: Option<&FileState>) -> (FileState, Delivery) {
    match &dispatched(&chain(&["A", "B"]), assignment, state)[..] {
        [
            ..,
            Effect::Write(next, _),
            Effect::SendDelivery(message, Duration::ZERO),
        ] => ((**next).clone(), (**message).clone()),
        other => panic!("{other:?}"),
    }
}

/// The message is sent again, and nothing else is done.
fn sent_again(message: &Delivery) -> Step<Dispatched> {
    let again = Effect::SendDelivery(Box::new(message.clone()), Duration::ZERO);
    Step::Do(vec![again], Dispatched::Repeated)
}

/// Why the step rejects the assignment; a file that has a record is looked at again later.
fn rejected(step: &Step<Dispatched>) -> RejectReason {
    let Step::Do(effects, Dispatched::Rejected(reason)) = step else {
        panic!("{step:?}");
    };
    let rejection = match &effects[..] {
        [Effect::SendDelivery(check, delay), rejection] => {
            assert_eq!(
                (check.task, *delay),
                (Task::Check {}, Duration::from_secs(60))
            );
            rejection
        }
        [rejection] => rejection,
        other => panic!("{other:?}"),
    };
    assert!(matches!(rejection, Effect::ArchiveRejection(kept) if kept.reason == *reason));
    *reason
}

fn inline(text: &str) -> Option<DocumentRef> {
    let json = RawValue::from_string(json!({"text": text}).to_string()).unwrap();
    Some(DocumentRef::Inline(json))
}

/// A receiver may send its file back before it has answered the call.
#[test]
fn a_persons_command_waits_while_the_file_is_on_its_way() {
    let workflow = chain(&["A", "B"]);
    let (open, _) = opened(&command("A"), None);
    let mut command = Assignment {
        assignment_id: id("another command"),
        ..command("B")
    };
    let mut waited = Duration::ZERO;
    for waits in 1..=9 {
        let Step::Do(effects, Dispatched::PutBack) = step(Some(&workflow), &command, Some(&open))
        else {
            panic!("it is not put back for the time {waits}");
        };
        let [Effect::SendAssignment(again, delay)] = &effects[..] else {
            panic!("{effects:?}");
        };
        let same = Assignment {
            waits,
            ..command.clone()
        };
        assert_eq!(**again, same);
        waited += *delay;
        command = same;
    }
    assert!(waited > MAX_TIMEOUT, "{waited:?}");
    let last = step(Some(&workflow), &command, Some(&open));
    assert_eq!(rejected(&last), RejectReason::Busy);
    let leads_nowhere = chain(&["A"]);
    let exit = close(
        Some(&leads_nowhere),
        &open,
        Outcome::Failed,
        None,
        None,
        NOW,
    )
    .unwrap();
    let (moved, _) = opened(&command, Some(&exit.next));
    assert_eq!(moved.visit.id, visit_id_of(&command));
}

/// It is called once, whoever else wants it to be.
#[test]
fn a_file_on_its_way_through_the_stage_itself_is_not_waited_for() {
    let (open, _) = opened(&command("A"), None);
    let another = Assignment {
        assignment_id: id("another command"),
        ..command("A")
    };
    let refused = step(Some(&chain(&["A", "B"])), &another, Some(&open));
    assert_eq!(rejected(&refused), RejectReason::Busy);
}

/// It is on no queue but this one, and no other command could free it.
#[test]
fn a_file_whose_stage_is_gone_gets_out_again() {
    let (open, _) = opened(&command("A"), None);
    let exit = close(
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
        let Step::Do(effects, Dispatched::Opened) = step(gone, &arrived, Some(&exit.next)) else {
            panic!("the file stays");
        };
        let [_, Effect::Write(next, _), Effect::SendDelivery(message, _)] = &effects[..] else {
            panic!("{effects:?}");
        };
        assert_eq!((next.status, message.stage_id), (Status::Queued, id("B")));
        assert_eq!(step(gone, &arrived, Some(next)), sent_again(message));
    }
    let unknown = step(None, &command("A"), None);
    assert_eq!(rejected(&unknown), RejectReason::UnknownWorkflow);
}

#[test]
fn another_command_under_the_same_id_is_rejected() {
    let workflow = chain(&["A", "B"]);
    let (open, message) = opened(&command("A"), None);
    let again = |command: &Assignment| step(Some(&workflow), command, Some(&open));
    assert_eq!(again(&command("A")), sent_again(&message));
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
        assert_eq!(rejected(&again(&other)), RejectReason::AssignmentIdReused);
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
        match &dispatched(&workflow, &command, Some(state))[..] {
            [Effect::SendDelivery(message, _)] => message.document.clone(),
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
    let sent = |message: &Delivery| send_step(message, &open, &FromHistory::NotAsked, None, NOW);
    let corrected = Effect::SendDelivery(Box::new(message.clone()), Duration::ZERO);
    assert_eq!(sent(&wrong), Step::Do(vec![corrected], Sent::Repeated));
    assert_eq!(sent(&message), Step::Sender(SenderStep::Call(1)));
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
