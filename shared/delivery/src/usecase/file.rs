use super::fault::Fault;
use super::write::Conflict;
use crate::machine::{Effect, FromHistory, Step, announcement_of};
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
    conflicts: usize,
}

/// What is to be done about the message.
pub(super) enum Decision<R, C> {
    Sender(C),
    Do(Vec<Effect>, R),
}

impl<'a, P: StepPorts> File<'a, P> {
    pub(super) async fn read(ports: &'a P, key: FileKey) -> Result<Self, Fault> {
        let state = ports.states().get(&key).await?;
        Ok(Self {
            ports,
            key,
            state,
            conflicts: 0,
        })
    }

    /// Decides, with the history's answer if the decision needs it.
    pub(super) async fn decide<R, C>(
        &self,
        decide: impl Fn(&FromHistory, Timestamp) -> Step<R, C>,
    ) -> Result<Decision<R, C>, Fault> {
        let mut history = FromHistory::NotAsked;
        loop {
            let now = self.ports.clock().now();
            match decide(&history, now) {
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
        self.conflicts += 1;
        if self.conflicts < MAX_CONFLICTS {
            Ok(())
        } else {
            Err(Fault::Contended)
        }
    }
}
