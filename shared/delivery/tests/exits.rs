//! A visit's end: who keeps it, who stops it, and who finds what was not sent of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use delivery::machine::{
    Closed, DeadLettered, Dispatched, Effect, FromHistory, HOP_LIMIT, Sent, Step, announcement_of,
    claim, close, dead_letter_assignment_step, dead_letter_step, send_step,
};
use delivery::{
    Assignment, DeadLetter, Delivery, FileLeft, FileState, Outcome, Reason, Status, Timestamp,
    VisitRecord,
};
use serde_json::json;
use support::{NOW, chain, command, dispatched, id, step};
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
    let mut effects = dispatched(workflow, assignment, state);
    let (Some(Effect::SendDelivery(message, _)), Some(Effect::Write(next, _))) =
        (effects.pop(), effects.pop())
    else {
        panic!("the message is sent after the write");
    };
    (archived(&effects), *next, *message)
}

fn archived(effects: &[Effect]) -> Vec<VisitRecord> {
    let visit = |effect: &Effect| match effect {
        Effect::ArchiveVisit(visit) => Some((**visit).clone()),
        _ => None,
    };
    effects.iter().filter_map(visit).collect()
}

/// What an exit writes, archives, sends and announces.
struct Exit {
    archive: Vec<VisitRecord>,
    next: FileState,
    assignment: Option<Assignment>,
    left: FileLeft,
}

impl Exit {
    fn of(effects: &[Effect]) -> Self {
        let mut exit = (None, None, None);
        for effect in effects {
            match effect {
                Effect::Write(next, _) => exit.0 = Some((**next).clone()),
                Effect::SendAssignment(assignment, _) => exit.1 = Some((**assignment).clone()),
                Effect::Announce(left) => exit.2 = Some((**left).clone()),
                _ => {}
            }
        }
        Self {
            archive: archived(effects),
            next: exit.0.expect("the record is written"),
            assignment: exit.1,
            left: exit.2.expect("the exit is announced"),
        }
    }
}

fn letter() -> DeadLetter {
    DeadLetter {
        queue: "deliveries".to_owned(),
        body: "{}".to_owned(),
        cause: "a test".to_owned(),
    }
}

fn park() -> Effect {
    Effect::Park(Box::new(letter()))
}

fn dead(
    workflow: &Workflow,
    message: &Delivery,
    state: &FileState,
    now: Timestamp,
) -> Step<DeadLettered> {
    let history = FromHistory::NotAsked;
    dead_letter_step(
        Some(workflow),
        message,
        &letter(),
        Some(state),
        &history,
        now,
    )
}

fn dead_assignment(
    workflow: Option<&Workflow>,
    assignment: &Assignment,
    state: &FileState,
) -> Step<DeadLettered> {
    let history = FromHistory::NotAsked;
    dead_letter_assignment_step(workflow, assignment, &letter(), Some(state), &history, NOW)
}

/// The file left by `failed`, and the letter is parked last.
fn failed(step: Step<DeadLettered>) -> Exit {
    match step {
        Step::Do(effects, DeadLettered::Failed) => {
            assert_eq!(effects.last(), Some(&park()));
            Exit::of(&effects)
        }
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
fn in_b(workflow: &Workflow, exit: &FileState, arrived: &Assignment) -> (FileState, VisitRecord) {
    let (mut archive, state, _) = opened(workflow, arrived, Some(exit));
    (state, archive.remove(0))
}

#[test]
fn the_history_has_a_delivery_as_its_record_ended_and_not_as_an_exit_hoped() {
    let workflow = workflow();
    let (queued, message) = in_a(&workflow);
    let sending = claim(
        &queued,
        id("claim"),
        NOW.plus(Duration::from_secs(45)),
        None,
        NOW,
    );
    // The sender stands still beyond its lease; its message dies and ends the delivery.
    let ended = failed(dead(&workflow, &message, &sending, LATER));
    let hoped = succeeded(&workflow, &sending);
    assert_eq!(
        (hoped.next.version, hoped.archive),
        (ended.next.version, None)
    );
    assert_eq!(
        (ended.next.status, &ended.archive[..]),
        (Status::Assigned, &[][..])
    );
    let (state, kept) = in_b(&workflow, &ended.next, ended.assignment.as_ref().unwrap());
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
    let ended = failed(dead_assignment(Some(&workflow), arrived, &exit.next));
    let kept = &ended.archive[0];
    assert_eq!(kept.delivery, exit.next.delivery);
    assert_eq!(kept.version, exit.next.version);
    assert_eq!(ended.left.reason, Some(Reason::DeadLettered));
}

#[test]
fn the_dispatcher_stops_a_file_at_the_hop_limit_and_keeps_its_last_delivery() {
    let workflow = workflow();
    let (mut state, _) = in_a(&workflow);
    state.delivery.as_mut().unwrap().held_ms = 7_000;
    state.hops = HOP_LIMIT - 1;
    let last = succeeded(&workflow, &state);
    let _ = in_b(&workflow, &last.next, last.assignment.as_ref().unwrap());
    state.hops = HOP_LIMIT;
    let exit = succeeded(&workflow, &state);
    assert_eq!(
        (exit.next.status, exit.next.hops),
        (Status::Assigned, HOP_LIMIT + 1)
    );
    let arrived = exit.assignment.as_ref().unwrap();
    let Step::Do(effects, Dispatched::Resting) = step(Some(&workflow), arrived, Some(&exit.next))
    else {
        panic!("the file goes on");
    };
    let [Effect::ArchiveVisit(_), Effect::Write(next, _)] = &effects[..] else {
        panic!("{effects:?}");
    };
    let archive = archived(&effects);
    assert_eq!(archive[0].delivery, exit.next.delivery);
    assert_eq!(
        (next.status, next.visit.stage_id),
        (Status::Waiting, id("B"))
    );
    let stopped = next.delivery.clone().unwrap();
    assert_eq!(stopped.delivery_id, next.visit.id);
    assert_eq!(stopped.outcome, Some(Outcome::Failed));
    assert_eq!(stopped.reason, Some(Reason::HopLimit));
    assert!(stopped.attempts.is_empty());
    // What the breaker of the stage before did is not told of this one.
    assert_eq!((stopped.held_ms, stopped.next_at), (0, NOW));
}

#[test]
fn a_dead_lettered_delivery_whose_visit_is_over_is_announced_again() {
    let workflow = workflow();
    let (state, message) = in_a(&workflow);
    // Without a workflow the file stays: nothing is to be assigned.
    let stayed = close(None, &state, Outcome::Failed, None, None, NOW).unwrap();
    let announce = Effect::Announce(Box::new(stayed.left));
    assert_eq!(
        dead(&workflow, &message, &stayed.next, NOW),
        Step::Do(vec![announce], DeadLettered::Superseded)
    );
    let exit = succeeded(&workflow, &state);
    let (elsewhere, _) = in_b(&workflow, &exit.next, &exit.assignment.unwrap());
    assert_eq!(
        dead(&workflow, &message, &elsewhere, NOW),
        Step::AskHistory(message.delivery_id)
    );
}

#[test]
fn the_history_announces_what_the_exit_did() {
    let workflow = workflow();
    let (state, message) = in_a(&workflow);
    let exit = succeeded(&workflow, &state);
    let (elsewhere, kept) = in_b(&workflow, &exit.next, exit.assignment.as_ref().unwrap());
    let sent = |history: &FromHistory| send_step(&message, &elsewhere, history, None, NOW);
    assert_eq!(
        sent(&FromHistory::NotAsked),
        Step::AskHistory(message.delivery_id)
    );
    assert_eq!(announcement_of(&kept), Some(exit.left.clone()));
    let left = Box::new(exit.left);
    let announce = vec![Effect::Announce(left.clone())];
    assert_eq!(
        sent(&FromHistory::Present(Some(left))),
        Step::Do(announce, Sent::Repeated)
    );
    assert_eq!(
        sent(&FromHistory::Absent),
        Step::Do(Vec::new(), Sent::Repeated)
    );
}

#[test]
fn a_dead_lettered_assignment_that_is_over_sends_again_what_its_exit_sent() {
    let workflow = workflow();
    let exit = succeeded(&workflow, &in_a(&workflow).0);
    let arrived = exit.assignment.unwrap();
    let dead = |state: &FileState| dead_assignment(Some(&workflow), &arrived, state);
    let ended = failed(dead(&exit.next));
    assert_eq!(ended.next.visit.stage_id, id("C"));
    let again = vec![
        Effect::SendAssignment(Box::new(ended.assignment.unwrap()), Duration::ZERO),
        Effect::Announce(Box::new(ended.left)),
        park(),
    ];
    assert_eq!(dead(&ended.next), Step::Do(again, DeadLettered::Failed));
    let stayed = failed(dead_assignment(None, &arrived, &exit.next));
    assert_eq!(
        (stayed.next.status, &stayed.assignment),
        (Status::Waiting, &None)
    );
    let again = vec![Effect::Announce(Box::new(stayed.left)), park()];
    assert_eq!(dead(&stayed.next), Step::Do(again, DeadLettered::Failed));
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
    let effects = dispatched(&second.workflow, &assignment, Some(&left));
    let Some(Effect::Write(next, _)) = effects.last() else {
        panic!("{effects:?}");
    };
    let archive = archived(&effects);
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
