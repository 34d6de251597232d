use super::fault::Fault;
use super::write::Conflict;
use crate::machine::{Effect, FromHistory, Step, announcement_of};
use crate::message::Delivery;
use crate::ports::{Clock, FileStates, History, StepPorts};
use crate::state::{FileKey, FileState};
use crate::time::Timestamp;

/// How often others may write the record in between before the message is left for later.
const MAX_CONFLICTS: usize = 4;

/// The file that a message is about, as its record was last seen.
pub(super) struct File<'a, P> {
    ports: &'a P,
    key: FileKey,
    pub(super) state: Option<FileState>,
    /// Whether the record was read strongly consistently. Otherwise it may be an earlier one, and only a conditional
    /// write may follow from it: that is refused, and answered with the current record.
    is_current: bool,
    conflicts: usize,
}

/// What is to be done about the message.
pub(super) enum Decision<R, C> {
    Sender(C),
    Do(Vec<Effect>, R),
}

impl<'a, P: StepPorts> File<'a, P> {
    pub(super) async fn read(ports: &'a P, key: FileKey) -> Result<Self, Fault> {
        let mut file = Self::seen(ports, key, None);
        file.read_again().await?;
        Ok(file)
    }

    /// By the cheaper read.
    pub(super) async fn read_eventual(ports: &'a P, key: FileKey) -> Result<Self, Fault> {
        let state = ports.states().get_eventual(&key).await?;
        Ok(Self::seen(ports, key, state))
    }

    /// By what the message has of the record, or else by reading it.
    pub(super) async fn of_message(ports: &'a P, message: &Delivery) -> Result<Self, Fault> {
        let key = message.key();
        let snapshot = message.snapshot.as_deref();
        match snapshot.and_then(|snapshot| ports.states().restore(&key, snapshot)) {
            Some(state) => Ok(Self::seen(ports, key, Some(state))),
            None => Self::read(ports, key).await,
        }
    }

    const fn seen(ports: &'a P, key: FileKey, state: Option<FileState>) -> Self {
        Self {
            ports,
            key,
            state,
            is_current: false,
            conflicts: 0,
        }
    }

    /// Reads the record, unless it is known to be current. Returns whether it did.
    pub(super) async fn read_again(&mut self) -> Result<bool, Fault> {
        if self.is_current {
            return Ok(false);
        }
        self.state = self.ports.states().get(&self.key).await?;
        self.is_current = true;
        Ok(true)
    }

    /// Decides, with the history's answer if the decision needs it. From a record that may be out of date nothing is
    /// decided but what begins with a conditional write, and what only the sender does.
    pub(super) async fn decide<R, C>(
        &mut self,
        decide: impl Fn(Option<&FileState>, &FromHistory, Timestamp) -> Step<R, C>,
    ) -> Result<Decision<R, C>, Fault> {
        let mut history = FromHistory::NotAsked;
        loop {
            let now = self.ports.clock().now();
            let step = decide(self.state.as_ref(), &history, now);
            if !begins_with_a_write(&step) && self.read_again().await? {
                continue;
            }
            match step {
                Step::AskHistory(visit_id) => {
                    let visit = self.ports.history().find_visit(&self.key, visit_id).await?;
                    history = visit.map_or(FromHistory::Absent, |visit| {
                        FromHistory::Present(announcement_of(&visit).map(Box::new))
                    });
                }
                Step::Sender(its_own) => return Ok(Decision::Sender(its_own)),
                Step::Wait(until) => return Err(Fault::LeaseHeld(until)),
                Step::Do(effects, result) => return Ok(Decision::Do(effects, result)),
            }
        }
    }

    /// Somebody else wrote first; the next decision is made from the record that was found.
    pub(super) fn overtaken(&mut self, Conflict(found): Conflict) -> Result<(), Fault> {
        self.state = found;
        self.is_current = true;
        self.conflicts += 1;
        if self.conflicts < MAX_CONFLICTS {
            Ok(())
        } else {
            Err(Fault::Contended)
        }
    }
}

/// Whether nothing happens if the record is no longer the one that the step was decided from. The sender's own steps end
/// with a claim; before it makes itself the probe it reads the record.
fn begins_with_a_write<R, C>(step: &Step<R, C>) -> bool {
    match step {
        Step::Sender(_) => true,
        Step::Do(effects, _) => matches!(effects.first(), Some(Effect::Write(..))),
        Step::AskHistory(_) | Step::Wait(_) => false,
    }
}
