//! What the checker sees: calls, writes and announcements. It knows nothing of how they came about.

use std::collections::{BTreeMap, BTreeSet};

use delivery::{DeliveryState, FileLeft, FileState, Outcome, Reason};
use uuid::Uuid;

use super::end::end_on;
use super::fact::Fact;
use super::scenario::PATIENCE;
use super::world::History;

/// An attempt's calls, as the receiver sees them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Calls {
    pub(crate) begun: u8,
    pub(crate) open: u8,
    /// Those whose sender no fault has hit since; at most one is allowed.
    pub(crate) unexcused: u8,
    /// Whether one was answered with 2xx, and whether one was answered otherwise.
    pub(crate) answered: [bool; 2],
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Observed {
    /// Of the deliveries that have not ended: an ended one is never called again.
    pub(crate) calls: BTreeMap<(Uuid, u32), Calls>,
    /// By delivery, as first written, and whether it has been announced.
    pub(crate) exits: BTreeMap<Uuid, (Fact<FileLeft>, bool)>,
    /// How often the breaker has put the delivery off.
    pub(crate) put_off: u8,
    /// Whether the writer has read that the breaker, and nothing else, holds deliveries back.
    pub(crate) is_open: bool,
    /// Violations: what must never happen to a file.
    pub(crate) wrong: BTreeSet<Wrong>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Wrong {
    /// A write that does not follow the one it replaces.
    Version,
    /// A visit that does not follow the one before.
    Sequence,
    /// A delivery with a second way out.
    SecondExit,
    /// A call of a delivery that has ended.
    CallAfterExit,
    /// A delivery that has ended while it was being called.
    ExitInCall,
    /// An attempt on record that was not made, or not answered so; an end that its answers do not bear out.
    Attempts,
    /// A record that relies on what the history does not know, or knows otherwise.
    History,
    /// A control record that does not follow the one it replaces.
    Control,
    /// A call while the stage held the delivery back.
    HeldBack,
    /// Two deliveries that are the probe at once.
    TwoProbes,
    /// An attempt that failed for the breaker too soon, or a delivery that it has held back for too long.
    Patience,
    /// A call although nobody knew that the stage's condition holds, or a skipped file that was called.
    Unwanted,
    /// A call before the time that was planned for it.
    TooSoon,
    /// A message about a delivery that is not due, and comes at once.
    Busy,
    /// The announcement of an end that the record has never had.
    Announcement,
}

/// How often the breaker can put a delivery off: for half the first delay at least each time.
const MOST_PUT_OFF: u8 = 4;

fn patience() -> u64 {
    u64::try_from(PATIENCE.as_millis()).unwrap()
}

/// Whether nothing happened but that the due attempt waits.
fn is_put_off(before: &DeliveryState, after: &DeliveryState) -> bool {
    before.attempts.len() == after.attempts.len()
        && after.claim_id.is_none()
        && after.outcome.is_none()
        && after.next_at != before.next_at
        && !after.is_reserved
}

impl Observed {
    pub(crate) fn began(&mut self, call: (Uuid, u32)) {
        if self.exits.contains_key(&call.0) {
            self.wrong.insert(Wrong::CallAfterExit);
        }
        let calls = self.calls.entry(call).or_default();
        calls.begun += 1;
        calls.open += 1;
        calls.unexcused += 1;
    }

    pub(crate) fn answered(&mut self, call: (Uuid, u32), status: u16) {
        if let Some(calls) = self.calls.get_mut(&call) {
            calls.open = calls.open.saturating_sub(1);
            calls.answered[usize::from(!(200..300).contains(&status))] = true;
        }
        self.forget_ended();
    }

    /// A fault struck the call's maker: the result may never be recorded.
    pub(crate) fn excused(&mut self, call: (Uuid, u32)) {
        if let Some(calls) = self.calls.get_mut(&call) {
            calls.unexcused = calls.unexcused.saturating_sub(1);
        }
    }

    /// No connection outlives its caller's deadline.
    pub(crate) fn deadline(&mut self) {
        for calls in self.calls.values_mut() {
            calls.open = 0;
        }
        self.forget_ended();
    }

    pub(crate) fn announced(&mut self, end: &Fact<FileLeft>) {
        match self.exits.get_mut(&end.delivery_id) {
            Some((written, is_announced)) if written == end => *is_announced = true,
            _ => {
                self.wrong.insert(Wrong::Announcement);
            }
        }
    }

    /// Watches each write of the record.
    pub(crate) fn wrote(
        &mut self,
        before: Option<&FileState>,
        after: &FileState,
        history: &mut History,
    ) {
        if after.version != before.map_or(0, |state| state.version) + 1 {
            self.wrong.insert(Wrong::Version);
        }
        let is_same = before.is_some_and(|state| state.visit == after.visit);
        let sequence = before.map_or(0, |state| state.visit.sequence);
        if !is_same && after.visit.sequence != sequence + 1 {
            self.wrong.insert(Wrong::Sequence);
        }
        if before.is_some_and(|before| !knows_forgotten(before, after, history)) {
            self.wrong.insert(Wrong::History);
        }
        if let Some(delivery) = &after.delivery {
            self.recorded(before, delivery, history);
            self.ended(delivery, end_on(after));
        }
        self.forget_ended();
    }

    /// Each attempt that is new on the record was made, and its failure kept.
    fn recorded(
        &mut self,
        before: Option<&FileState>,
        delivery: &DeliveryState,
        history: &mut History,
    ) {
        let same = before
            .and_then(|state| state.delivery.as_ref())
            .filter(|old| old.delivery_id == delivery.delivery_id);
        let old = same.map_or(0, |old| old.attempts.len());
        for (number, attempt) in (1..).zip(&delivery.attempts).skip(old) {
            let call = (delivery.delivery_id, number);
            let failed = attempt.reason.is_some();
            let calls = self.calls.get(&call);
            let gave_up = attempt.reason == Some(Reason::CircuitOpen);
            if gave_up && delivery.held_ms < patience() {
                self.wrong.insert(Wrong::Patience);
            }
            let was_made = gave_up || calls.is_some_and(|c| c.answered[usize::from(failed)]);
            if attempt.attempt != number || !was_made {
                self.wrong.insert(Wrong::Attempts);
            }
            if failed && !history.attempts.remove(&call) {
                self.wrong.insert(Wrong::History);
            }
        }
        if delivery.held_ms > patience() {
            self.wrong.insert(Wrong::Patience);
        }
        let is_held = same.is_some_and(|before| is_put_off(before, delivery));
        if is_held && self.is_open {
            self.put_off += 1;
            if self.put_off > MOST_PUT_OFF {
                self.wrong.insert(Wrong::Patience);
            }
        }
        if delivery.attempts.len() < old {
            self.wrong.insert(Wrong::Attempts);
        }
    }

    fn ended(&mut self, delivery: &DeliveryState, end: Option<Fact<FileLeft>>) {
        let Some(end) = end else {
            if self.exits.contains_key(&delivery.delivery_id) {
                self.wrong.insert(Wrong::SecondExit);
            }
            return;
        };
        let last = delivery.attempts.last();
        let was_taken = last.is_some_and(|attempt| attempt.reason.is_none());
        let is_right = match end.outcome {
            Outcome::Succeeded => was_taken,
            Outcome::Failed => !was_taken,
            Outcome::Skipped => last.is_none(),
        };
        if !is_right {
            self.wrong.insert(Wrong::Attempts);
        }
        let id = delivery.delivery_id;
        let mut calls = self.calls.iter().filter(|(call, _)| call.0 == id);
        if end.outcome == Outcome::Skipped && calls.clone().next().is_some() {
            self.wrong.insert(Wrong::Unwanted);
        }
        if calls.any(|(_, calls)| calls.open > 0) {
            self.wrong.insert(Wrong::ExitInCall);
        }
        let first = self.exits.entry(id);
        if first.or_insert_with(|| (end.clone(), false)).0 != end {
            self.wrong.insert(Wrong::SecondExit);
        }
    }

    fn forget_ended(&mut self) {
        let exits = &self.exits;
        self.calls
            .retain(|call, calls| calls.open > 0 || !exits.contains_key(&call.0));
    }
}

/// Whether the history has, unchanged, what this write removes from the record.
fn knows_forgotten(before: &FileState, after: &FileState, history: &History) -> bool {
    let delivery = after.delivery.as_ref().map(|delivery| delivery.delivery_id);
    let is_forgotten = |id: Uuid| id != after.visit.id && Some(id) != delivery;
    let old = before.delivery.as_ref().map(|old| old.delivery_id);
    let knows_delivery = old.filter(|id| is_forgotten(*id)).is_none_or(|id| {
        let kept = history.visits.get(&id);
        kept.is_some_and(|kept| kept.end == end_on(before))
    });
    let visit = before.visit.id;
    knows_delivery && (!is_forgotten(visit) || history.visits.contains_key(&visit))
}
