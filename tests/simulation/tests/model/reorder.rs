//! Breaks of the product's lists: effects left out, made up, or in another order.

use std::time::Duration;

use delivery::machine::{Effect, OnConflict, Report};
use delivery::{FileState, Status, Visit, VisitRecord};

use super::breaks::Break;
use super::clock::NOW;
use super::decide::is_write;
use super::small::Small;
use super::world::Record;

impl Small {
    /// The list, unless it is what is broken. `may_forget`: the dispatcher's and the sender's repetitions.
    pub(crate) fn breaks_step(&self, mut effects: Vec<Effect>, may_forget: bool) -> Vec<Effect> {
        let Some(broken) = self.broken() else {
            return effects;
        };
        let is_repetition = !effects.iter().any(is_write);
        match broken {
            Break::NeverEmitsAgain if is_repetition && may_forget => {
                let is_rejection = |effect: &Effect| matches!(effect, Effect::ArchiveRejection(_));
                if !effects.iter().any(is_rejection) {
                    effects.clear();
                }
            }
            Break::ForgetsToAnnounceAgain if is_repetition => {
                effects.retain(|effect| !matches!(effect, Effect::Announce(_)));
            }
            Break::EmitsFirst => effects.sort_by_key(|effect| !is_send(effect)),
            Break::HistoryLast => effects.sort_by_key(|effect| match effect {
                Effect::ArchiveVisit(_) | Effect::ArchiveAttempt(_) => 1,
                Effect::Park(_) => 2,
                _ => 0,
            }),
            Break::AnnouncesFirst => {
                effects.sort_by_key(|effect| !matches!(effect, Effect::Announce(_)));
            }
            Break::PutBackNotSent => effects.retain(
                |effect| !matches!(effect, Effect::SendAssignment(_, delay) if !delay.is_zero()),
            ),
            Break::RetrySentFirst => swap_write_and_retry(&mut effects),
            Break::ExitWritesHistory => believe_in_exit(&mut effects),
            Break::ExitApart => write_exit_apart(&mut effects),
            _ => {}
        }
        effects
    }
}

impl Small {
    /// The list that puts a delivery off, unless it is what is broken.
    pub(crate) fn breaks_put_off(&self, effects: Vec<Effect>) -> Vec<Effect> {
        let mut effects = self.breaks_step(effects, false);
        for effect in &mut effects {
            if let Effect::Write(next, _) = effect
                && let Some(delivery) = next.delivery.as_mut()
            {
                if self.is_broken(Break::PutOffSpendsAttempt) {
                    delivery.attempt += 1;
                }
                if self.is_broken(Break::PatienceNeverEnds) {
                    delivery.held_ms = 0;
                }
            }
        }
        if self.is_broken(Break::PutOffNotSent) && effects.iter().any(is_write) {
            effects.retain(|effect| !is_send(effect));
        }
        effects
    }
}

impl Small {
    /// What sends a message on whose attempt is not due, unless it is what is broken.
    pub(crate) fn breaks_leg(&self, effects: Vec<Effect>, record: &Record) -> Vec<Effect> {
        let mut effects = self.breaks_step(effects, false);
        if self.is_broken(Break::LegNotSent) {
            effects.clear();
        }
        for effect in &mut effects {
            if let Effect::SendLeg(_, delay) = effect
                && self.is_broken(Break::LegSentAtOnce)
            {
                *delay = Duration::ZERO;
            }
        }
        if self.is_broken(Break::LegSpendsAttempt) {
            let mut next = FileState::clone(record);
            next.version += 1;
            if let Some(delivery) = next.delivery.as_mut() {
                delivery.attempt += 1;
                if let Some(Effect::SendLeg(message, _) | Effect::SendDelivery(message, _)) =
                    effects.first_mut()
                {
                    **message = message.for_attempt(delivery.attempt);
                }
            }
            effects.insert(0, Effect::Write(Box::new(next), OnConflict::DecideAgain));
        }
        effects
    }

    /// The record, with its attempt due where it is broken that a leg makes no attempt.
    pub(crate) fn hurried(&self, record: &Record) -> FileState {
        let mut hurried = FileState::clone(record);
        if let Some(delivery) = hurried.delivery.as_mut()
            && self.is_broken(Break::CallsAtLeg)
        {
            delivery.next_at = NOW;
        }
        hurried
    }
}

const fn is_send(effect: &Effect) -> bool {
    matches!(
        effect,
        Effect::SendDelivery(..) | Effect::SendLeg(..) | Effect::SendAssignment(..)
    )
}

/// The place of an exit's write, if the list has one.
fn exit(effects: &[Effect]) -> Option<(usize, FileState)> {
    let is_left = |effect: &Effect| matches!(effect, Effect::Report(Report::Left(_)));
    let at = effects.iter().position(is_write)?;
    let has_left = effects.iter().any(is_left);
    match &effects[at] {
        Effect::Write(next, _) if has_left => Some((at, (**next).clone())),
        _ => None,
    }
}

fn swap_write_and_retry(effects: &mut [Effect]) {
    let is_attempt = |effect: &Effect| matches!(effect, Effect::ArchiveAttempt(_));
    let write = effects.iter().position(is_write);
    let retry = effects
        .iter()
        .position(|e| matches!(e, Effect::SendDelivery(..) | Effect::SendLeg(..)));
    if let (Some(write), Some(retry)) = (write, retry)
        && effects.iter().any(is_attempt)
    {
        effects.swap(write, retry);
    }
}

/// The delivery from a record that is not written yet and may never be.
fn believe_in_exit(effects: &mut Vec<Effect>) {
    let Some((at, next)) = exit(effects) else {
        return;
    };
    let Some(delivery) = next
        .delivery
        .clone()
        .filter(|_| effects.iter().any(is_send))
    else {
        return;
    };
    let visit = Visit {
        id: delivery.delivery_id,
        stage_id: delivery.stage_id,
        sequence: delivery.sequence,
        entered_at: delivery.opened_at,
        assigned_by: delivery.assigned_by.clone(),
        assignee: None,
    };
    let believed = VisitRecord {
        key: next.key.clone(),
        workflow_id: next.workflow_id,
        version: next.version,
        visit,
        delivery: Some(delivery),
    };
    effects.insert(at, Effect::ArchiveVisit(Box::new(believed)));
}

/// One write ends the visit, and another opens the next.
fn write_exit_apart(effects: &mut Vec<Effect>) {
    let Some((at, next)) = exit(effects) else {
        return;
    };
    let Effect::Write(_, on_conflict) = effects[at] else {
        return;
    };
    let mut ended = next.clone();
    if let Some(delivery) = &ended.delivery {
        ended.visit.id = delivery.delivery_id;
        ended.visit.stage_id = delivery.stage_id;
        ended.visit.sequence = delivery.sequence;
    }
    ended.status = Status::Waiting;
    let mut entered = next;
    entered.version += 1;
    effects[at] = Effect::Write(Box::new(entered), on_conflict);
    effects.insert(at, Effect::Write(Box::new(ended), on_conflict));
}
