use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use delivery::Delivery;
use delivery::control::{Lane, StageControl};
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

/// What all environments share: the table, the queues, the receivers; and what happened.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) time: Time,
    pub(crate) workflow: Arc<Workflow>,
    pub(crate) receivers: Vec<Receiver>,
    /// The queue of the fast lane, and that of the slow lane if there is one.
    pub(crate) queues: (Queue, Option<Queue>),
    /// By stage.
    pub(crate) controls: Mutex<Vec<StageControl>>,
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
            queues: (Queue::new(time), plan.slow.map(|_| Queue::new(time))),
            controls: Mutex::new(vec![StageControl::default(); plan.stages.len()]),
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
        self.count(stage, Count::Arrived);
        // The dispatcher has its own copy of the record; its age makes no difference here.
        let lane = lock(&self.controls).get(stage).map(StageControl::lane);
        let lane = lane.unwrap_or_default();
        let first = Outgoing {
            message: first_message(number, stage, lane),
            delay: Duration::ZERO,
        };
        // Nothing refuses a message this small.
        let _ = self.send(&first);
    }

    /// Sends a delivery message.
    pub(crate) fn send(&self, outgoing: &Outgoing<Delivery>) -> Result<(), PortError> {
        let lane = outgoing.message.lane;
        self.count(ids::number(outgoing.message.stage_id), Count::Messages);
        self.queue(lane).send(outgoing.body()?, outgoing.delay);
        Ok(())
    }

    /// The lane's queue.
    pub(crate) fn queue(&self, lane: Lane) -> &Queue {
        match (&self.queues, lane) {
            ((_, Some(slow)), Lane::Slow) => slow,
            ((fast, _), _) => fast,
        }
    }

    pub(crate) fn count(&self, stage: usize, what: Count) {
        lock(&self.tally).count(stage, what, self.time.elapsed());
    }

    /// Counts for the stage of this file.
    pub(crate) fn count_for(&self, item: Uuid, what: Count) {
        let stage = lock(&self.files)
            .get(ids::number(item))
            .map(|file| file.stage);
        if let Some(stage) = stage {
            self.count(stage, what);
        }
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
        self.count(stage, what);
    }

    pub(crate) fn claim_id(&self) -> Uuid {
        ids::claim(self.claims.fetch_add(1, Ordering::Relaxed))
    }
}
