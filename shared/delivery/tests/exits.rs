//! A visit's end: who keeps it, who stops it, and who finds what was not sent of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use delivery::machine::{
    Closed, DeadLetterDecision, DispatchDecision, HOP_LIMIT, SendDecision, announcement_of, claim,
    close, decide_dead_letter, decide_dead_letter_assignment, decide_dispatch, decide_send,
};
use delivery::{Assignment, Delivery, FileState, Outcome, Reason, Status, Timestamp, VisitRecord};
use serde_json::json;
use support::{NOW, chain, command, id};
use workflow::Workflow;

const LATER: Timestamp = Timestamp::from_millis(1_790_000_060_000);

/// The Webhook stages A, B and C, each leading to the next both ways; C leads nowhere.
fn workflow() -> Workflow {
    chain(&["A", "B", "C"])
}

fn opened(
    workflow: &Workflow,
    assignment: &Assignment,
    state: Option<&FileState>,
) -> (Vec<VisitRecord>, FileState, Delivery) {
    match decide_dispatch(Some(workflow), assignment, state, Some(false), NOW) {
        DispatchDecision::Open {
            archive,
            next,
            delivery,
        } => (archive, *next, *delivery),
        other => panic!("{other:?}"),
    }
}

/// A's delivery, open, with its message.
fn in_a(workflow: &Workflow) -> (FileState, Delivery) {
    let (_, state, message) = opened(workflow, &command("A"), None);
    (state, message)
}

fn succeeded(workflow: &Workflow, state: &FileState) -> Closed {
    close(Some(workflow), state, Outcome::Succeeded, None, None, NOW).unwrap()
}

/// The record that has gone on to B and opened its delivery there, and what the history has of A.
fn in_b(workflow: &Workflow, exit: &Closed) -> (FileState, VisitRecord) {
    let arrived = exit.assignment.as_ref().unwrap();
    let (mut archive, state, _) = opened(workflow, arrived, Some(&exit.next));
    (state, archive.remove(0))
}

#[test]
fn the_history_has_a_delivery_as_its_record_ended_and_not_as_an_exit_hoped() {
    let workflow = workflow();
    let (queued, message) = in_a(&workflow);
    let sending = claim(&queued, id("claim"), NOW.plus(Duration::from_secs(45)), NOW);
    // The sender stands still beyond its lease; its message dies and ends the delivery.
    let decision = decide_dead_letter(Some(&workflow), &message, &sending, LATER);
    let DeadLetterDecision::Close(ended) = decision else {
        panic!("{decision:?}");
    };
    let hoped = succeeded(&workflow, &sending);
    assert_eq!(
        (hoped.next.version, hoped.archive),
        (ended.next.version, None)
    );
    assert_eq!(
        (ended.next.status, &ended.archive),
        (Status::Assigned, &None)
    );
    let (state, kept) = in_b(&workflow, &ended);
    assert_eq!(kept.version, ended.next.version);
    assert_eq!(kept.delivery, ended.next.delivery);
    assert_eq!(kept.visit.id, message.delivery_id);
    assert_eq!(state.version, ended.next.version + 1);
}

#[test]
fn a_dead_lettered_assignment_keeps_the_delivery_before() {
    let workflow = workflow();
    let exit = succeeded(&workflow, &in_a(&workflow).0);
    let arrived = exit.assignment.as_ref().unwrap();
    let decision = decide_dead_letter_assignment(Some(&workflow), arrived, &exit.next, NOW);
    let DeadLetterDecision::Close(ended) = decision else {
        panic!("{decision:?}");
    };
    let kept = ended.archive.as_ref().unwrap();
    assert_eq!(kept.delivery, exit.next.delivery);
    assert_eq!(kept.version, exit.next.version);
    assert_eq!(ended.left.reason, Some(Reason::DeadLettered));
}

#[test]
fn the_dispatcher_stops_a_file_at_the_hop_limit_and_keeps_its_last_delivery() {
    let workflow = workflow();
    let (mut state, _) = in_a(&workflow);
    state.hops = HOP_LIMIT - 1;
    let last = succeeded(&workflow, &state);
    let _ = in_b(&workflow, &last);
    state.hops = HOP_LIMIT;
    let exit = succeeded(&workflow, &state);
    assert_eq!(
        (exit.next.status, exit.next.hops),
        (Status::Assigned, HOP_LIMIT + 1)
    );
    let arrived = exit.assignment.as_ref().unwrap();
    let decision = decide_dispatch(Some(&workflow), arrived, Some(&exit.next), None, NOW);
    let DispatchDecision::Rest { archive, next } = decision else {
        panic!("{decision:?}");
    };
    assert_eq!(archive[0].delivery, exit.next.delivery);
    assert_eq!(
        (next.status, next.visit.stage_id),
        (Status::Waiting, id("B"))
    );
    let stopped = next.delivery.unwrap();
    assert_eq!(stopped.delivery_id, next.visit.id);
    assert_eq!(stopped.outcome, Some(Outcome::Failed));
    assert_eq!(stopped.reason, Some(Reason::HopLimit));
    assert!(stopped.attempts.is_empty());
}

#[test]
fn a_dead_lettered_delivery_whose_visit_is_over_is_announced_again() {
    let workflow = workflow();
    let (state, message) = in_a(&workflow);
    // Without a workflow the file stays: nothing is to be assigned.
    let stayed = close(None, &state, Outcome::Failed, None, None, NOW).unwrap();
    assert_eq!(
        decide_dead_letter(Some(&workflow), &message, &stayed.next, NOW),
        DeadLetterDecision::Done(Some(Box::new(stayed.left)))
    );
    let (elsewhere, _) = in_b(&workflow, &succeeded(&workflow, &state));
    assert_eq!(
        decide_dead_letter(Some(&workflow), &message, &elsewhere, NOW),
        DeadLetterDecision::NeedsHistory
    );
}

#[test]
fn the_history_announces_what_the_exit_did() {
    let workflow = workflow();
    let (state, message) = in_a(&workflow);
    let exit = succeeded(&workflow, &state);
    let (elsewhere, kept) = in_b(&workflow, &exit);
    assert_eq!(
        decide_send(&message, &elsewhere, NOW),
        SendDecision::NeedsHistory
    );
    assert_eq!(announcement_of(&kept), Some(exit.left));
}

#[test]
fn a_dead_lettered_assignment_that_is_over_sends_again_what_its_exit_sent() {
    let workflow = workflow();
    let exit = succeeded(&workflow, &in_a(&workflow).0);
    let arrived = exit.assignment.unwrap();
    let dead =
        |state: &FileState| decide_dead_letter_assignment(Some(&workflow), &arrived, state, NOW);
    let DeadLetterDecision::Close(ended) = dead(&exit.next) else {
        panic!("{:?}", dead(&exit.next));
    };
    assert_eq!(ended.next.visit.stage_id, id("C"));
    assert_eq!(
        dead(&ended.next),
        DeadLetterDecision::ReenqueueAssignment {
            assignment: Box::new(ended.assignment.unwrap()),
            left: Some(Box::new(ended.left)),
        }
    );
    let decision = decide_dead_letter_assignment(None, &arrived, &exit.next, NOW);
    let DeadLetterDecision::Close(stayed) = decision else {
        panic!("{decision:?}");
    };
    assert_eq!(
        (stayed.next.status, &stayed.assignment),
        (Status::Waiting, &None)
    );
    assert_eq!(
        dead(&stayed.next),
        DeadLetterDecision::Done(Some(Box::new(stayed.left)))
    );
}

/// Its delivery belongs to the workflow it was made in, and is announced and kept as that workflow's.
#[test]
fn a_file_that_goes_to_another_workflow_leaves_its_delivery_behind() {
    let first = workflow();
    let mut command_to_c = command("C");
    command_to_c.assignment_id = id("to C");
    let (_, open, _) = opened(&first, &command_to_c, None);
    let left = succeeded(&first, &open).next;
    assert_eq!(left.status, Status::Waiting);
    let second = json!({"id": id("second"), "name": "Second", "stages": [
        {"id": id("D2"), "name": "Dataset", "type": "dataset", "config": {"initial": true},
            "edges": [{"name": "default", "target_stage_id": id("H2")}]},
        {"id": id("H2"), "name": "Annotate", "type": "annotate", "config": {"assignable_to": "anyone"}}]});
    let second = Workflow::import(second.to_string().as_bytes()).unwrap();
    let assignment = Assignment {
        assignment_id: id("elsewhere"),
        workflow_id: id("second"),
        ..command("H2")
    };
    let decision = decide_dispatch(
        Some(&second.workflow),
        &assignment,
        Some(&left),
        Some(false),
        LATER,
    );
    let DispatchDecision::Rest { archive, next } = decision else {
        panic!("{decision:?}");
    };
    assert_eq!(next.workflow_id, id("second"));
    assert_eq!(next.delivery, None);
    let kept: Vec<_> = archive
        .iter()
        .filter(|visit| visit.delivery.is_some())
        .collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].workflow_id, id("workflow"));
    assert_eq!(kept[0].delivery, left.delivery);
}
