//! A stage with a condition: who asks it, when, and how a file leaves for which it does not hold.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "support/mod.rs"]
mod support;

use std::time::Duration;

use delivery::control::{Health, Lane, StageControl, paused};
use delivery::machine::{
    Effect, FromHistory, Gate, SenderStep, Sent, Step, claim, record_attempt, send_step,
};
use delivery::{Answer, Delivery, DeliveryState, FileState, Outcome, Reason, Timestamp};
use support::{NOW, chain, command, dispatched, id};
use workflow::{Edge, WebhookConfig, Workflow};

const LEASE: Duration = Duration::from_secs(45);

fn conditional() -> Workflow {
    let mut workflow = chain(&["A", "B"]);
    for stage in &mut workflow.stages {
        if let Some(webhook) = &mut stage.webhook {
            webhook.condition = Some("has_tag(\"Urgent\")".to_owned());
        }
    }
    workflow
}

fn opened(workflow: &Workflow) -> (FileState, Delivery) {
    match &dispatched(workflow, &command("A"), None)[..] {
        [Effect::Write(next, _), Effect::SendDelivery(message, _)] => {
            ((**next).clone(), (**message).clone())
        }
        other => panic!("{other:?}"),
    }
}

fn send(
    workflow: &Workflow,
    control: &StageControl,
    message: &Delivery,
    state: &FileState,
    is_wanted: Option<bool>,
) -> Step<Sent, SenderStep> {
    let stage = workflow.stage(message.stage_id).unwrap();
    let gate = Gate {
        workflow,
        config: stage.webhook.as_ref().unwrap(),
        is_wanted,
        control,
        reserved: None,
        lease: LEASE,
    };
    send_step(message, state, &FromHistory::Absent, Some(&gate), NOW)
}

fn written(step: Step<Sent, SenderStep>) -> (FileState, Vec<Effect>, Sent) {
    let Step::Do(effects, sent) = step else {
        panic!("{step:?}")
    };
    let state = effects.iter().find_map(|effect| match effect {
        Effect::Write(next, _) => Some((**next).clone()),
        _ => None,
    });
    (state.unwrap(), effects, sent)
}

fn delivery(state: &FileState) -> &DeliveryState {
    state.delivery.as_ref().unwrap()
}

#[test]
fn it_is_asked_once_when_the_first_attempt_is_due() {
    let (workflow, calm) = (conditional(), StageControl::default());
    let (open, message) = opened(&workflow);
    let ask = |state: &FileState, is_wanted| send(&workflow, &calm, &message, state, is_wanted);
    assert_eq!(ask(&open, None), Step::Sender(SenderStep::Ask(1)));
    assert_eq!(ask(&open, Some(true)), Step::Sender(SenderStep::Call(1)));
    // The claim remembers it, so that whoever takes the attempt over does not ask again.
    let lapsed = Timestamp::from_millis(NOW.as_millis() - 1);
    let claimed = claim(&open, id("claim"), lapsed, Some(true), NOW);
    assert!(delivery(&claimed).is_wanted);
    assert_eq!(ask(&claimed, None), Step::Sender(SenderStep::Call(1)));
    let mut second = open.clone();
    second.delivery.as_mut().unwrap().attempt = 2;
    let message = message.for_attempt(2);
    let step = send(&workflow, &calm, &message, &second, None);
    assert_eq!(step, Step::Sender(SenderStep::Call(2)));
}

#[test]
fn a_stage_without_one_is_not_asked() {
    let (workflow, calm) = (chain(&["A", "B"]), StageControl::default());
    let (open, message) = opened(&workflow);
    let step = send(&workflow, &calm, &message, &open, None);
    assert_eq!(step, Step::Sender(SenderStep::Call(1)));
    let claimed = claim(&open, id("claim"), NOW, None, NOW);
    assert!(!delivery(&claimed).is_wanted);
}

#[test]
fn a_file_for_which_it_does_not_hold_goes_on_as_one_that_passed() {
    let (workflow, calm) = (conditional(), StageControl::default());
    let (open, message) = opened(&workflow);
    let (next, effects, sent) = written(send(&workflow, &calm, &message, &open, Some(false)));
    assert_eq!(sent, Sent::Skipped);
    assert!(
        matches!(effects[0], Effect::Write(..)),
        "nothing before the write"
    );
    assert!(
        effects
            .iter()
            .any(|effect| matches!(effect, Effect::SendAssignment(..)))
    );
    let ended = delivery(&next);
    assert_eq!(
        (ended.outcome, ended.reason),
        (Some(Outcome::Skipped), None)
    );
    assert!(ended.attempts.is_empty());
    assert_eq!(
        (ended.moved_to, next.visit.stage_id),
        (Some(id("B")), id("B"))
    );
    assert!(next.passed.contains(&id("A")));
    assert!(!next.is_failed_at_rest());
}

#[test]
fn an_edge_for_skipped_files_comes_first_if_it_leads_anywhere() {
    for (target, expected) in [(Some(id("Dataset")), id("Dataset")), (None, id("B"))] {
        let mut workflow = conditional();
        let stage = workflow.stages.iter_mut().find(|stage| stage.id == id("A"));
        stage.unwrap().edges.push(Edge {
            id: None,
            name: "skipped".to_owned(),
            source_stage_id: None,
            target_stage_id: target,
        });
        let (open, message) = opened(&workflow);
        let calm = StageControl::default();
        let (next, ..) = written(send(&workflow, &calm, &message, &open, Some(false)));
        assert_eq!(delivery(&next).moved_to, Some(expected));
    }
}

#[test]
fn a_pause_comes_before_it_and_all_else_after() {
    let workflow = conditional();
    let (open, message) = opened(&workflow);
    let pause = paused(&StageControl::default(), "operator", None, NOW).unwrap();
    for is_wanted in [None, Some(true), Some(false)] {
        let (next, _, sent) = written(send(&workflow, &pause, &message, &open, is_wanted));
        assert_eq!(sent, Sent::PutOff);
        assert_eq!(delivery(&next).is_wanted, is_wanted == Some(true));
    }
    // The slow lane, a rate and the breaker are for files that are sent.
    let mut workflow = workflow;
    for stage in &mut workflow.stages {
        if let Some(webhook) = &mut stage.webhook {
            *webhook = WebhookConfig {
                max_rate: Some(workflow::Rate::parse("1/min").unwrap()),
                ..webhook.clone()
            };
        }
    }
    let slow = StageControl {
        lane: Lane::Slow,
        ..StageControl::default()
    };
    assert_eq!(message.lane, Lane::Fast);
    let ask = |is_wanted| send(&workflow, &slow, &message, &open, is_wanted);
    assert_eq!(ask(None), Step::Sender(SenderStep::Ask(1)));
    assert_eq!(written(ask(Some(false))).2, Sent::Skipped);
    assert!(matches!(
        ask(Some(true)),
        Step::Sender(SenderStep::Reserve(_))
    ));
}

#[test]
fn what_cannot_be_told_ends_the_delivery_at_once() {
    let workflow = conditional();
    let (open, message) = opened(&workflow);
    let claimed = claim(&open, id("claim"), NOW.plus(LEASE), None, NOW);
    let config = workflow.stage(id("A")).unwrap().webhook.as_ref();
    for reason in [Reason::ConditionInvalid, Reason::BodyInvalid] {
        let answer = Answer::no_call(reason);
        let recorded = record_attempt(
            Some(&workflow),
            config,
            &claimed,
            &message,
            &answer,
            NOW,
            NOW,
        );
        let (state, _, sent) = recorded
            .map(|(effects, sent)| written(Step::Do(effects, sent)))
            .unwrap();
        assert_eq!(sent, Sent::Failed);
        let ended = delivery(&state);
        assert_eq!(
            (ended.outcome, ended.reason),
            (Some(Outcome::Failed), Some(reason))
        );
        assert_eq!(ended.attempts.len(), 1);
        assert_eq!(
            Health::of(&answer),
            Health::Unknown,
            "the breaker learns nothing"
        );
    }
}
