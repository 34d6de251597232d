//! The product's own steps, with its own lists of effects in its own order.

use std::time::Duration;

use delivery::control::{Lane, StageControl, reserve};
use delivery::machine::{
    self, FromHistory, Gate, PendingMessage, SenderStep, Sent, Step, claim,
    dead_letter_assignment_step, dead_letter_step, dispatch_step, pending, record_attempt,
    send_step,
};
use delivery::usecase::LEASE_MARGIN;
use delivery::{Assignment, DeadLetter, Delivery, FileState, Task, Timestamp};
use uuid::Uuid;
use workflow::{Actor, Role};

use super::breaks::Break;
use super::clock::{NOW, TIMEOUT, past};
use super::control::{Control, LEASE, answer};
use super::fact::Fact;
use super::small::Small;
use super::worker::{At, Effect, Heard};
use super::world::{Body, Queue, Record};

/// What the dispatcher does with an assignment.
pub(crate) fn dispatch(
    model: &Small,
    assignment: &Assignment,
    record: Option<&Record>,
    heard: &Heard,
    control: Option<&Control>,
) -> At {
    let (assignment, workflow) = (believed(model, assignment), Some(&model.workflow));
    let state = record.map(|record| &**record);
    match dispatch_step(workflow, &assignment, state, &told(heard), NOW) {
        Step::AskHistory(visit) => At::Asking(record.cloned(), visit),
        Step::Wait(_) => At::Doing(vec![Effect::Return]),
        Step::Do(effects, _) => {
            At::Doing(carried_out(model.breaks_step(effects, true), control, None))
        }
        Step::Sender(never) => match never {},
    }
}

/// What a sender does with a delivery's message. `claim_id` is one that no other claim has.
pub(crate) fn send(
    model: &Small,
    message: &Delivery,
    record: Option<&Record>,
    heard: &Heard,
    claim_id: Uuid,
    (control, reserved, is_wanted): &(Option<Control>, Option<Timestamp>, Option<bool>),
) -> At {
    let Some(record) = record else {
        return At::Doing(vec![Effect::Return]);
    };
    let message = taken(model, message, record);
    let copy = control.as_ref();
    let mut config = model.config(message.stage_id).cloned();
    if let Some(config) = config.as_mut()
        && model.is_broken(Break::CircuitOpenAtOnce)
    {
        config.breaker_patience = Some(Duration::from_millis(1));
    }
    // A stage that was never in trouble.
    let calm = StageControl::default();
    let looked_at = copy
        .map(|copy| &**copy)
        .or(model.has_condition.then_some(&calm));
    let is_asked = *is_wanted;
    let is_wanted = is_wanted.or_else(|| model.is_broken(Break::IgnoresConditions).then_some(true));
    let gate = looked_at
        .zip(config.as_ref())
        .map(|(control, config)| Gate {
            workflow: &model.workflow,
            config,
            is_wanted,
            control,
            reserved: *reserved,
            lease: LEASE,
        });
    let gate = gate.filter(|_| !model.is_broken(Break::CallsWhileHeld));
    let due = Fact::new(model.hurried(record));
    let decide = |history: &FromHistory| send_step(&message, &due, history, gate.as_ref(), NOW);
    match decide(&told(heard)) {
        Step::AskHistory(_) if model.is_broken(Break::AsksNoHistory) => {
            At::Doing(vec![Effect::Acknowledge])
        }
        Step::AskHistory(visit) => At::Asking(Some(record.clone()), visit),
        Step::Wait(_) => At::Doing(vec![Effect::Return]),
        Step::Sender(SenderStep::Ask(_)) => At::Wanting(record.clone()),
        Step::Sender(SenderStep::Call(_)) => {
            At::Claiming(claimed(model, record, claim_id, is_asked))
        }
        Step::Sender(SenderStep::Fail(_)) => {
            At::Failing(claimed(model, record, claim_id, is_asked))
        }
        Step::Sender(SenderStep::Probe(next)) => At::Probing(record.clone(), Fact::new(*next)),
        Step::Sender(SenderStep::Reserve(pace)) => {
            let control = copy.map(|copy| StageControl::clone(copy));
            let (next, times) = reserve(&control.unwrap_or_default(), pace, 1, NOW);
            At::Reserving(record.clone(), Fact::new(next), times.time(0))
        }
        Step::Do(effects, Sent::PutOff) => {
            At::Doing(carried_out(model.breaks_put_off(effects), copy, None))
        }
        Step::Do(effects, Sent::Waits) => At::Doing(carried_out(
            model.breaks_leg(effects, record),
            copy,
            Some(record),
        )),
        Step::Do(effects, _) => At::Doing(carried_out(
            model.breaks_step(effects, true),
            copy,
            Some(record),
        )),
    }
}

/// What the dead-letter function does with a message of either kind.
pub(crate) fn bury(model: &Small, body: &Body, record: Option<&Record>, heard: &Heard) -> At {
    let workflow = Some(&model.workflow);
    let state = record.map(|record| unleased(model, record));
    let (state, letter) = (state.as_ref(), letter());
    let decide = |history: &FromHistory| match body {
        Body::Assignment(assignment, _) => {
            dead_letter_assignment_step(workflow, assignment, &letter, state, history, NOW)
        }
        Body::Delivery(message) => {
            dead_letter_step(workflow, message, &letter, state, history, NOW)
        }
    };
    let is_silent = match body {
        Body::Assignment(..) => model.is_broken(Break::DeadAssignmentsEmitNothing),
        Body::Delivery(_) => model.is_broken(Break::DeadDeliveriesAnnounceNothing),
    };
    let mut step = decide(&told(heard));
    if matches!(step, Step::AskHistory(_)) && (is_silent || model.is_broken(Break::AsksNoHistory)) {
        step = decide(&FromHistory::Absent);
    }
    match step {
        Step::AskHistory(visit) => At::Asking(record.cloned(), visit),
        Step::Wait(_) => At::Doing(vec![Effect::Return]),
        Step::Do(mut effects, _) => {
            if is_silent && !effects.iter().any(is_write) {
                let assigns = matches!(body, Body::Assignment(..));
                effects.retain(|effect| match effect {
                    machine::Effect::Announce(_) => false,
                    machine::Effect::SendAssignment(..) => !assigns,
                    _ => true,
                });
            }
            At::Doing(carried_out(model.breaks_step(effects, false), None, None))
        }
        Step::Sender(never) => match never {},
    }
}

/// What a sender does after the answer to the claimed attempt.
pub(crate) fn record(
    model: &Small,
    message: &Delivery,
    claimed: &Record,
    status: u16,
    control: Option<&Control>,
) -> At {
    let answer = answer(status);
    let mut config = model.config(message.stage_id).cloned();
    if let Some(delays) = config.as_mut().and_then(|c| c.retry_delays.as_mut())
        && model.is_broken(Break::OneRetryMore)
    {
        delays.extend(delays.last().copied());
    }
    if let Some(config) = config.as_mut()
        && model.is_broken(Break::RetryOnIgnored)
    {
        config.retry_on = None;
    }
    let (workflow, config) = (Some(&model.workflow), config.as_ref());
    match record_attempt(workflow, config, claimed, message, &answer, NOW, NOW) {
        Some((effects, _)) => {
            let mut effects = carried_out(model.breaks_step(effects, false), control, None);
            if control.is_some() {
                effects.insert(effects.len() - 1, Effect::Learn(status));
            }
            At::Doing(effects)
        }
        None => At::Doing(vec![Effect::Return]),
    }
}

/// What an audit sends again if it treats every file whose step is due as stuck.
pub(crate) fn audit(record: Option<&Record>) -> At {
    let found = record.and_then(|record| pending(record));
    let again = found
        .filter(|found| found.due <= NOW)
        .map(|found| match found.message {
            PendingMessage::Assignment(assignment) => {
                machine::Effect::SendAssignment(assignment, Duration::ZERO)
            }
            PendingMessage::Delivery(delivery) => {
                machine::Effect::SendDelivery(delivery, Duration::ZERO)
            }
        });
    At::Doing(carried_out(again.into_iter().collect(), None, None))
}

/// The list as the model carries it out, and the acknowledgement that follows it.
fn carried_out(
    effects: Vec<machine::Effect>,
    control: Option<&Control>,
    decided_from: Option<&Record>,
) -> Vec<Effect> {
    let lane = control.map_or(Lane::Fast, |control| control.lane());
    let mut seen = decided_from.cloned();
    let effects = effects.into_iter().filter_map(|one| {
        let one = effect(one, lane, seen.as_ref());
        if let Some(Effect::Write(next, _)) = &one {
            seen = Some(next.clone());
        }
        one
    });
    effects.chain([Effect::Acknowledge]).collect()
}

/// None for effects that nothing in this world observes.
fn effect(effect: machine::Effect, lane: Lane, seen: Option<&Record>) -> Option<Effect> {
    Some(match effect {
        machine::Effect::ArchiveVisit(visit) => Effect::KeepVisit(Fact::new(*visit)),
        machine::Effect::ArchiveAttempt(failed) => {
            Effect::KeepAttempt(failed.delivery_id, failed.summary.attempt)
        }
        machine::Effect::ArchiveRejection(rejection) => {
            Effect::KeepRejection(rejection.assignment_id)
        }
        machine::Effect::Write(next, on_conflict) => Effect::Write(Fact::new(*next), on_conflict),
        machine::Effect::SendDelivery(delivery, delay) => Effect::Send {
            queue: Queue::Deliveries,
            body: Body::Delivery(Fact::new(Delivery { lane, ..*delivery })),
            is_delayed: delay > Duration::ZERO,
            seen: None,
        },
        machine::Effect::SendLeg(delivery, delay) => Effect::Send {
            queue: Queue::Deliveries,
            body: Body::Delivery(Fact::new(Delivery {
                lane: Lane::Fast,
                ..*delivery
            })),
            is_delayed: delay > Duration::ZERO,
            seen: seen.cloned(),
        },
        machine::Effect::SendAssignment(assignment, delay) => Effect::Send {
            queue: Queue::Assignments,
            body: Body::assignment(*assignment),
            is_delayed: delay > Duration::ZERO,
            seen: None,
        },
        machine::Effect::Announce(left) => Effect::Announce(Fact::new(*left)),
        machine::Effect::Park(_) => Effect::Park,
        machine::Effect::Report(_) | machine::Effect::KeepDocument(..) => return None,
    })
}

pub(crate) const fn is_write(effect: &machine::Effect) -> bool {
    matches!(effect, machine::Effect::Write(..))
}

fn told(heard: &Heard) -> FromHistory {
    match heard {
        None => FromHistory::NotAsked,
        Some(None) => FromHistory::Absent,
        Some(Some(left)) => {
            FromHistory::Present(left.as_ref().map(|left| Box::new((**left).clone())))
        }
    }
}

fn letter() -> DeadLetter {
    DeadLetter {
        queue: String::new(),
        body: String::new(),
        cause: String::new(),
    }
}

fn believed(model: &Small, assignment: &Assignment) -> Assignment {
    let mut believed = assignment.clone();
    if let Actor::User { role, .. } = &mut believed.assigned_by
        && model.is_broken(Break::EverybodyIsAdmin)
    {
        *role = Role::Admin;
    }
    believed
}

fn taken(model: &Small, message: &Delivery, record: &Record) -> Delivery {
    let mut taken = message.clone();
    if let Some(open) = &record.delivery
        && model.is_broken(Break::AttemptNotCompared)
    {
        taken.task = Task::Attempt(open.attempt);
    }
    taken
}

fn claimed(model: &Small, record: &Record, claim_id: Uuid, is_wanted: Option<bool>) -> Record {
    let lease_until = NOW.plus(TIMEOUT + LEASE_MARGIN);
    let is_wanted = is_wanted.filter(|_| !model.is_broken(Break::ForgetsWanted));
    let mut next = claim(record, claim_id, lease_until, is_wanted, NOW);
    if let Some(delivery) = next.delivery.as_mut() {
        if model.is_broken(Break::NoLease) {
            delivery.lease_until = None;
        } else if model.is_broken(Break::ShortLease) {
            delivery.lease_until = Some(past());
        }
    }
    Fact::new(next)
}

/// Whether the claim still allows its call. The caller's deadline counts from this check, so that
/// check and call are one step.
pub(crate) fn may_call(model: &Small, claimed: &FileState) -> bool {
    let is_checked = !model.is_broken(Break::CallsAfterLease)
        && !model.is_broken(Break::NoLease)
        && !model.is_broken(Break::ShortLease);
    let lease = claimed.delivery.as_ref().and_then(|d| d.lease_until);
    !is_checked || lease.is_some_and(|until| NOW.plus(TIMEOUT) < until)
}

fn unleased(model: &Small, record: &Record) -> FileState {
    let mut state = FileState::clone(record);
    if let Some(delivery) = state.delivery.as_mut()
        && model.is_broken(Break::DeadLettersIgnoreLease)
    {
        delivery.lease_until = delivery.lease_until.map(|_| past());
    }
    state
}
