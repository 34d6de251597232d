use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use delivery::Delivery;
use delivery::ports::{Outgoing, PortError};
use uuid::Uuid;
use workflow::Workflow;

use crate::files::{File, first_message};
use crate::ids;
use crate::lock::lock;
use crate::plan::Plan;
use crate::queue::Queue;
use crate::receiver::Receiver;
use crate::tally::{Count, Tally};
use crate::time::Time;

/// What all environments share: the table, the queue, the receivers; and what happened.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) time: Time,
    pub(crate) workflow: Arc<Workflow>,
    pub(crate) receivers: Vec<Receiver>,
    pub(crate) deliveries: Queue,
    /// By number.
    pub(crate) files: Mutex<Vec<File>>,
    pub(crate) tally: Mutex<Tally>,
    claims: AtomicU64,
}

impl Model {
    /// Within the runtime whose clock it goes by.
    pub(crate) fn new(plan: &Plan, workflow: Workflow) -> Self {
        let time = Time::begins();
        let receivers = plan.stages.iter().map(|stage| stage.receiver.clone());
        Self {
            time,
            workflow: Arc::new(workflow),
            receivers: receivers.collect(),
            deliveries: Queue::new(time),
            files: Mutex::default(),
            tally: Mutex::new(Tally::new(plan.stages.len())),
            claims: AtomicU64::new(0),
        }
    }

    /// A file arrives. It comes as the dispatcher leaves it, because only the sender is measured.
    pub(crate) fn arrives(&self, stage: usize) {
        let now = self.time.elapsed();
        let number = {
            let mut files = lock(&self.files);
            let number = files.len();
            files.push(File::queued(number, stage, now, self.time.now()));
            number
        };
        lock(&self.tally).count(stage, Count::Arrived, now);
        let first = Outgoing {
            message: first_message(number, stage),
            delay: Duration::ZERO,
        };
        // Nothing refuses a message this small.
        let _ = self.send(&first);
    }

    /// Sends a delivery message.
    pub(crate) fn send(&self, outgoing: &Outgoing<Delivery>) -> Result<(), PortError> {
        self.deliveries.send(outgoing.body()?, outgoing.delay);
        Ok(())
    }

    /// How many files of a stage were never called.
    pub(crate) fn waiting(&self, stage: usize) -> usize {
        let tally = lock(&self.tally);
        let waiting = tally
            .total(stage, Count::Arrived)
            .saturating_sub(tally.total(stage, Count::First));
        usize::try_from(waiting).unwrap_or(usize::MAX)
    }

    /// A call begins.
    pub(crate) fn calls(&self, stage: usize, delivery: Uuid) {
        let now = self.time.elapsed();
        let mut files = lock(&self.files);
        let mut tally = lock(&self.tally);
        tally.count(stage, Count::Calls, now);
        if let Some(file) = files.get_mut(ids::number(delivery)) {
            file.calls += 1;
            if file.first_called.is_none() {
                file.first_called = Some(now);
                tally.count(stage, Count::First, now);
            }
        }
    }

    /// A file leaves its stage.
    pub(crate) fn leaves(&self, stage: usize, delivery: Uuid, what: Count) {
        let now = self.time.elapsed();
        if let Some(file) = lock(&self.files).get_mut(ids::number(delivery)) {
            file.left = Some(now);
        }
        lock(&self.tally).count(stage, what, now);
    }

    pub(crate) fn claim_id(&self) -> Uuid {
        ids::claim(self.claims.fetch_add(1, Ordering::Relaxed))
    }
}
