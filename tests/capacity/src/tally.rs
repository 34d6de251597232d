use std::ops::Range;
use std::time::Duration;

use crate::meter::Meter;

/// What is counted, by stage and second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Files that arrived.
    Arrived,
    /// Files that were called for the first time.
    First,
    /// Calls that began.
    Calls,
    /// Calls whose result was recorded.
    Attempts,
    /// Files that left by `succeeded`.
    Delivered,
    /// Files that left by `failed`.
    Failed,
    /// Deliveries that were put off by the breaker.
    PutOff,
    /// Messages sent.
    Messages,
    /// Messages received.
    Receives,
    /// Reads of files' records.
    Reads,
    /// Writes of files' records and of their history.
    Writes,
    /// Reads of the control record.
    ControlReads,
    /// Writes of the control record, the refused ones among them.
    ControlWrites,
    /// Those refused, because somebody else wrote first.
    ControlConflicts,
    /// How often the breaker opened.
    Opened,
    /// How often the stage turned slow.
    TurnedSlow,
    /// How often it turned fast again.
    TurnedFast,
}

const COUNTS: usize = 17;

/// What happened.
#[derive(Debug)]
pub(crate) struct Tally {
    stages: Vec<[Series; COUNTS]>,
    /// By lane: the fast one, the slow one.
    pub(crate) billed: [Meter; 2],
    pub(crate) invocations: u64,
}

#[derive(Debug, Default)]
struct Series {
    total: u64,
    seconds: Vec<u32>,
}

impl Tally {
    pub(crate) fn new(stages: usize) -> Self {
        Self {
            stages: (0..stages).map(|_| Default::default()).collect(),
            billed: Default::default(),
            invocations: 0,
        }
    }

    pub(crate) fn count(&mut self, stage: usize, what: Count, now: Duration) {
        let second = usize::try_from(now.as_secs()).unwrap_or(usize::MAX);
        let Some(series) = self.stages.get_mut(stage) else {
            return;
        };
        let series = &mut series[what as usize];
        if series.seconds.len() <= second {
            series.seconds.resize(second + 1, 0);
        }
        series.seconds[second] += 1;
        series.total += 1;
    }

    pub(crate) fn total(&self, stage: usize, what: Count) -> u64 {
        self.stages
            .get(stage)
            .map_or(0, |counts| counts[what as usize].total)
    }

    /// How many within these whole seconds.
    pub(crate) fn within(&self, stage: usize, what: Count, when: &Range<Duration>) -> u64 {
        let seconds = self
            .stages
            .get(stage)
            .map(|counts| &counts[what as usize].seconds);
        let (from, until) = (when.start.as_secs(), when.end.as_secs());
        let second = (0_u64..).zip(seconds.into_iter().flatten());
        let inside = second.filter(|(second, _)| (from..until).contains(second));
        inside.map(|(_, count)| u64::from(*count)).sum()
    }
}
