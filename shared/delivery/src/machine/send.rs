use std::time::Duration;

use uuid::Uuid;
use workflow::{WebhookConfig, Workflow};

use super::exit::{Closed, Missing, close, missing_after_exit};
use super::legs::{EARLY, next_leg, send_after};
use super::step::{Effect, FromHistory, OnConflict, Report, Step};
use crate::control::{Admission, HeldBy, Lane, Pace, PutOff, StageControl, admit};
use crate::message::{Delivery, Task};
use crate::reason::Reason;
use crate::state::{DeliveryState, FileState, Outcome, Status};
use crate::time::Timestamp;

/// The result for a delivery message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The receiver accepted the file.
    Succeeded,
    /// The attempt failed and the next one is queued.
    Retrying,
    /// The delivery failed for good.
    Failed,
    /// The stage's condition does not hold for the file, which left the stage without a call.
    Skipped,
    /// No attempt was spent: the stage holds its deliveries back for now, or the message was moved to its lane.
    PutOff,
    /// The attempt is not due yet, and the message was sent on.
    Waits,
    /// No call was made: a step that may have been lost was repeated, or the visit was already over.
    Repeated,
}

/// What only the sender does about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SenderStep {
    /// Find out whether the stage's condition holds for the file, and decide again.
    Ask(u32),
    /// Claim this attempt, then make the call.
    Call(u32),
    /// Claim the attempt, and record that it failed without a call.
    Fail(Reason),
    /// Write the stage's control record, by which the delivery becomes the probe, and decide again.
    Probe(Box<StageControl>),
    /// Reserve a time for the call at this pace, and decide again.
    Reserve(Pace),
}

/// What a stage says about its deliveries at the moment.
#[derive(Clone, Copy, Debug)]
pub struct Gate<'a> {
    /// The workflow.
    pub workflow: &'a Workflow,
    /// The stage's settings.
    pub config: &'a WebhookConfig,
    /// What an earlier [`SenderStep::Ask`] came to.
    pub is_wanted: Option<bool>,
    /// Its control record.
    pub control: &'a StageControl,
    /// The time that an earlier [`SenderStep::Reserve`] came to.
    pub reserved: Option<Timestamp>,
    /// How long a claim lasts.
    pub lease: Duration,
}

/// Decides on a delivery message. `history` answers an earlier [`Step::AskHistory`]. Without a stage there is no gate;
/// the attempt then fails without a call.
#[must_use]
pub fn send_step(
    message: &Delivery,
    state: &FileState,
    history: &FromHistory,
    gate: Option<&Gate<'_>>,
    now: Timestamp,
) -> Step<Sent, SenderStep> {
    let open = state
        .delivery
        .as_ref()
        .filter(|d| d.delivery_id == message.delivery_id && d.outcome.is_none());
    let Some(open) = open else {
        let document = message.document.as_ref();
        return match missing_after_exit(message.delivery_id, document, state, history) {
            Missing::Unknown => Step::AskHistory(message.delivery_id),
            Missing::Effects(effects, _) => Step::Do(effects, Sent::Repeated),
            Missing::NoVisit => Step::Do(Vec::new(), Sent::Repeated),
        };
    };
    let wait = now.until(open.next_at);
    let due = message.for_attempt(open.attempt);
    if (message.stage_id, message.workflow_id) != (open.stage_id, state.workflow_id) {
        // The record is the truth; a message that contradicts it is replaced by a correct one.
        let corrected = Delivery {
            stage_id: open.stage_id,
            workflow_id: state.workflow_id,
            ..due
        };
        return Step::Do(vec![send_after(corrected, wait)], Sent::Repeated);
    }
    if let Some(leg) = next_leg(message, state, now) {
        return Step::Do(vec![leg], Sent::Waits);
    }
    match (state.status, message.task) {
        (Status::Queued, Task::Attempt(attempt)) if attempt == open.attempt && wait <= EARLY => {
            begin(message, state, open, gate, now)
        }
        (Status::Queued, Task::Attempt(attempt)) if attempt > open.attempt => nothing(),
        (Status::Queued, _) => Step::Do(vec![send_after(due, wait)], Sent::Repeated),
        (Status::Sending, Task::Attempt(attempt)) if attempt == open.attempt => {
            match open.lease_until {
                Some(until) if until >= now => Step::Wait(until),
                _ => begin(message, state, open, gate, now),
            }
        }
        // The message of an older attempt, while a newer attempt, which has its own message, is being made.
        _ => nothing(),
    }
}

/// The attempt is due: calls, unless the stage holds its deliveries back.
fn begin(
    message: &Delivery,
    state: &FileState,
    open: &DeliveryState,
    gate: Option<&Gate<'_>>,
    now: Timestamp,
) -> Step<Sent, SenderStep> {
    let call = Step::Sender(SenderStep::Call(open.attempt));
    let Some(gate) = gate else {
        return call;
    };
    let admission = admit(
        gate.control,
        gate.config,
        open,
        gate.reserved,
        gate.lease,
        now,
    );
    let is_unasked = gate.config.condition.is_some() && open.attempt == 1 && !open.is_wanted;
    if is_unasked && gate.control.pause.is_none() {
        // Before anything but a pause: a file that is not sent must not become the probe, nor take up the stage's rate.
        match gate.is_wanted {
            None => return Step::Sender(SenderStep::Ask(open.attempt)),
            Some(false) => return skip(message, state, gate.workflow, now),
            Some(true) => {}
        }
    }
    let makes_a_call = matches!(admission, Admission::Admitted | Admission::Probe(_));
    if makes_a_call && message.lane == Lane::Fast && gate.control.lane() == Lane::Slow {
        // It would hold up the others of its batch.
        let moved = Effect::SendDelivery(Box::new(message.clone()), Duration::ZERO);
        return Step::Do(vec![moved], Sent::PutOff);
    }
    match admission {
        Admission::Admitted => call,
        Admission::Probe(next) => Step::Sender(SenderStep::Probe(next)),
        Admission::Reserve(pace) => Step::Sender(SenderStep::Reserve(pace)),
        Admission::Exhausted => Step::Sender(SenderStep::Fail(Reason::CircuitOpen)),
        Admission::PutOff(put_off) => {
            put_off_until(message, state, open, put_off, gate.is_wanted, now)
        }
    }
}

/// Ends the visit of a file for which the stage's condition does not hold.
fn skip(
    message: &Delivery,
    state: &FileState,
    workflow: &Workflow,
    now: Timestamp,
) -> Step<Sent, SenderStep> {
    let document = message.document.as_ref();
    let closed = close(Some(workflow), state, Outcome::Skipped, None, document, now);
    let effects = |closed: Closed| closed.effects(document, None, OnConflict::DecideAgain);
    Step::Do(closed.map(effects).unwrap_or_default(), Sent::Skipped)
}

/// Writes when the attempt is due instead, and sends its message for then. No attempt is spent.
fn put_off_until(
    message: &Delivery,
    state: &FileState,
    open: &DeliveryState,
    put_off: PutOff,
    is_wanted: Option<bool>,
    now: Timestamp,
) -> Step<Sent, SenderStep> {
    let wait = now.until(put_off.until);
    let mut next = state.clone();
    next.version += 1;
    next.status = Status::Queued;
    next.updated_at = now;
    if let Some(delivery) = next.delivery.as_mut() {
        delivery.next_at = put_off.until;
        delivery.is_reserved = put_off.is_reserved;
        delivery.is_wanted |= is_wanted == Some(true);
        delivery.lease_until = None;
        delivery.claim_id = None;
        if put_off.by == HeldBy::Breaker && !put_off.is_reserved {
            let held = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
            delivery.held_ms = delivery.held_ms.saturating_add(held);
        }
    }
    let effects = vec![
        Effect::Write(Box::new(next), OnConflict::DecideAgain),
        Effect::Report(Report::PutOff(message.stage(), put_off.by)),
        send_after(message.for_attempt(open.attempt), wait),
    ];
    Step::Do(effects, Sent::PutOff)
}

/// After a call by which the receiver has the stage paused: the attempt is not spent, and waits.
#[must_use]
pub fn put_off_after_call(
    message: &Delivery,
    claimed: &FileState,
    now: Timestamp,
) -> Option<Vec<Effect>> {
    let open = claimed.delivery.as_ref()?;
    let put_off = PutOff {
        until: now.plus(AFTER_CALL),
        by: HeldBy::Pause(Duration::ZERO),
        is_reserved: false,
    };
    match put_off_until(message, claimed, open, put_off, None, now) {
        Step::Do(mut effects, _) => {
            // The claim is lost if somebody else has written.
            if let Some(Effect::Write(_, on_conflict)) = effects.first_mut() {
                *on_conflict = OnConflict::GiveUp;
            }
            Some(effects)
        }
        _ => None,
    }
}

/// When a delivery is looked at again whose call had the stage paused.
const AFTER_CALL: Duration = Duration::from_secs(10);

const fn nothing() -> Step<Sent, SenderStep> {
    Step::Do(Vec::new(), Sent::Repeated)
}

/// The record in which the attempt is claimed until `lease_until`. `is_wanted` is what an earlier [`SenderStep::Ask`] came
/// to.
#[must_use]
pub fn claim(
    state: &FileState,
    claim_id: Uuid,
    lease_until: Timestamp,
    is_wanted: Option<bool>,
    now: Timestamp,
) -> FileState {
    let mut next = state.clone();
    next.version += 1;
    next.status = Status::Sending;
    next.updated_at = now;
    if let Some(delivery) = next.delivery.as_mut() {
        delivery.lease_until = Some(lease_until);
        delivery.claim_id = Some(claim_id);
        delivery.is_reserved = false;
        delivery.is_wanted |= is_wanted == Some(true);
    }
    next
}
