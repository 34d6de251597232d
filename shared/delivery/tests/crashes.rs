//! What the return of a message does after a crash, derived from the product's own lists of effects. The table in
//! ARCHITECTURE.md must be this one.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Write as _;
use std::time::Duration;

use delivery::control::{StageControl, paused};
use delivery::machine::{
    Effect, FromHistory, Gate, SenderStep, Sent, Step, claim, dead_letter_step, record_attempt,
    send_step,
};
use delivery::{Answer, DeadLetter, Delivery, FileState, Reason, Timestamp};
use support::{NOW, chain, command, dispatched, id, step};
use workflow::{WebhookConfig, Workflow};

/// When every lease and every delay is over.
const LATER: Timestamp = Timestamp::from_millis(NOW.as_millis() + 3_600_000);

/// What a message's next step is, from the record as it is then.
type Returns<'a> = Box<dyn Fn(Option<&FileState>) -> String + 'a>;

/// A step's list, and what the same message's next step is from a record.
struct Case<'a> {
    name: &'static str,
    before: Option<FileState>,
    effects: Vec<Effect>,
    returns: Returns<'a>,
}

#[test]
fn the_table_of_crashes_is_what_the_lists_say() {
    let workflow = chain(&["A", "B"]);
    let mut table = "| Step | Crash after | When its message returns |\n|---|---|---|\n".to_owned();
    for case in cases(&workflow) {
        let mut state = case.before.clone();
        let mut rows: Vec<(String, String)> = Vec::new();
        rows.push(("nothing".to_owned(), (case.returns)(state.as_ref())));
        for effect in &case.effects {
            if let Effect::Write(next, _) = effect {
                state = Some((**next).clone());
            }
            if !matches!(effect, Effect::Report(_)) {
                rows.push((name(effect), (case.returns)(state.as_ref())));
            }
        }
        let mut name = case.name;
        for same in rows.chunk_by(|one, other| one.1 == other.1) {
            let after: Vec<&str> = same.iter().map(|(after, _)| after.as_str()).collect();
            let (after, returns) = (after.join("; "), &same[0].1);
            writeln!(table, "| {name} | {after} | {returns} |").unwrap();
            name = "";
        }
    }
    let page = include_str!("../../../ARCHITECTURE.md");
    assert!(page.contains(&table), "ARCHITECTURE.md must have:\n{table}");
}

fn cases(workflow: &Workflow) -> Vec<Case<'_>> {
    let assignment = command("A");
    let opening = dispatched(workflow, &assignment, None);
    let (open, message) = match &opening[..] {
        [Effect::Write(next, _), Effect::SendDelivery(message, _)] => {
            ((**next).clone(), (**message).clone())
        }
        other => panic!("{other:?}"),
    };
    let claimed = claim(
        &open,
        id("claim"),
        NOW.plus(Duration::from_secs(45)),
        None,
        NOW,
    );
    let recorded = |answer: Result<u16, Reason>| {
        let answer = Answer {
            result: answer,
            ..Answer::no_call(Reason::Timeout)
        };
        let config = workflow.stage(id("A")).unwrap().webhook.as_ref();
        record_attempt(
            Some(workflow),
            config,
            &claimed,
            &message,
            &answer,
            NOW,
            NOW,
        )
        .unwrap()
        .0
    };
    let case = |name, before: &FileState, effects, returns| Case {
        name,
        before: Some(before.clone()),
        effects,
        returns,
    };
    let letter = DeadLetter {
        queue: "deliveries".to_owned(),
        body: String::new(),
        cause: String::new(),
    };
    let bury = {
        let message = message.clone();
        move |state: Option<&FileState>| {
            let history = FromHistory::Absent;
            dead_letter_step(Some(workflow), &message, &letter, state, &history, LATER)
        }
    };
    let Step::Do(buried, _) = bury(Some(&open)) else {
        panic!("the dead letter waits");
    };
    vec![
        Case {
            name: "the dispatcher opens a delivery",
            before: None,
            effects: opening,
            returns: Box::new(move |state| told(&step(Some(workflow), &assignment, state))),
        },
        case(
            "the sender records a failed attempt",
            &claimed,
            recorded(Ok(500)),
            sends(&message),
        ),
        case(
            "the sender puts a delivery off",
            &open,
            match put_off(workflow, &message, &open, NOW) {
                Step::Do(effects, _) => effects,
                other => panic!("{other:?}"),
            },
            {
                let (workflow, message) = (workflow.clone(), message.clone());
                Box::new(move |state| {
                    let soon = NOW.plus(Duration::from_secs(1));
                    told(&put_off(&workflow, &message, state.unwrap(), soon))
                })
            },
        ),
        case(
            "the sender records a success",
            &claimed,
            recorded(Ok(200)),
            sends(&message),
        ),
        case(
            "the sender skips a file",
            &open,
            match skipped(workflow, &message, &open, NOW) {
                Step::Do(effects, _) => effects,
                other => panic!("{other:?}"),
            },
            {
                let (workflow, message) = (workflow.clone(), message.clone());
                Box::new(move |state| told(&skipped(&workflow, &message, state.unwrap(), LATER)))
            },
        ),
        case(
            "the dead-letter function ends a delivery",
            &open,
            buried,
            Box::new(move |state| told(&bury(state))),
        ),
    ]
}

/// What the sender does with the message while the stage is paused.
fn put_off(
    workflow: &Workflow,
    message: &Delivery,
    state: &FileState,
    now: Timestamp,
) -> Step<Sent, SenderStep> {
    let control = paused(&StageControl::default(), "operator", None, NOW).unwrap();
    let stage = workflow.stage(message.stage_id).unwrap();
    let gate = Gate {
        workflow,
        config: stage.webhook.as_ref().unwrap(),
        is_wanted: None,
        control: &control,
        reserved: None,
        lease: Duration::from_secs(45),
    };
    send_step(message, state, &FromHistory::Absent, Some(&gate), now)
}

/// What the sender does with the message if the stage has a condition, which does not hold.
fn skipped(
    workflow: &Workflow,
    message: &Delivery,
    state: &FileState,
    now: Timestamp,
) -> Step<Sent, SenderStep> {
    let stage = workflow.stage(message.stage_id).unwrap();
    let config = WebhookConfig {
        condition: Some("false".to_owned()),
        ..stage.webhook.clone().unwrap()
    };
    let gate = Gate {
        workflow,
        config: &config,
        is_wanted: Some(false),
        control: &StageControl::default(),
        reserved: None,
        lease: Duration::from_secs(45),
    };
    send_step(message, state, &FromHistory::Absent, Some(&gate), now)
}

fn sends(message: &Delivery) -> Returns<'static> {
    let message = message.clone();
    Box::new(move |state| {
        let step = send_step(&message, state.unwrap(), &FromHistory::Absent, None, LATER);
        match step {
            Step::Sender(SenderStep::Call(attempt)) => {
                format!("once the lease is over: claim attempt {attempt} and call again")
            }
            other => told(&other),
        }
    })
}

fn told<R, C>(step: &Step<R, C>) -> String {
    let Step::Do(effects, _) = step else {
        return "wait".to_owned();
    };
    let effects = effects
        .iter()
        .filter(|effect| !matches!(effect, Effect::Report(_)));
    let names: Vec<String> = effects.map(name).collect();
    if names.is_empty() {
        "acknowledge only".to_owned()
    } else {
        names.join(", ")
    }
}

fn name(effect: &Effect) -> String {
    match effect {
        Effect::ArchiveVisit(_) => "archive the visit".to_owned(),
        Effect::ArchiveAttempt(_) => "archive the attempt".to_owned(),
        Effect::ArchiveRejection(_) => "archive the rejection".to_owned(),
        Effect::Write(next, _) => {
            let status = serde_json::to_value(next.status).unwrap();
            format!("write `{}`", status.as_str().unwrap())
        }
        Effect::Report(_) => "report".to_owned(),
        Effect::KeepDocument(..) => "keep the document".to_owned(),
        Effect::SendDelivery(..) => "send the delivery message".to_owned(),
        Effect::SendLeg(..) => "send the next leg of the wait".to_owned(),
        Effect::SendAssignment(..) => "send the assignment".to_owned(),
        Effect::Announce(_) => "announce the exit".to_owned(),
        Effect::Park(_) => "park the letter".to_owned(),
    }
}
