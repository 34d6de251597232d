//! What is looked through: scenes, and the faults that may strike in each.

use super::scenario::{
    CALLED_BACK, CONDITION_AND_STAGE, LONG_WAIT, ONE_CONDITION, ONE_STAGE, Scene, THREE_COMMANDS,
    THREE_STAGES, TWO_COMMANDS, TWO_STAGES,
};

/// What bounds a world, so that it can be looked through to its end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Workers at the same time.
    pub(crate) dispatchers: usize,
    pub(crate) senders: usize,
    pub(crate) dead_letters: usize,
    /// Receives before a message is dead.
    pub(crate) max_receives: u8,
    /// What a receiver may answer.
    pub(crate) answers: &'static [u16],
    pub(crate) faults: Budget,
    /// Whether the stage has a control record, and a breaker that every failure trips.
    pub(crate) has_control: bool,
}

/// Faults that may still strike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Budget {
    /// A worker dies; its message comes back.
    pub(crate) crashes: u8,
    /// A message is delivered twice.
    pub(crate) duplicates: u8,
    /// A write or a send has its effect, and the worker is told that it failed, or the engine repeats it.
    pub(crate) lost: u8,
    /// A worker does nothing until its lease and its message's visibility are over.
    pub(crate) standstills: u8,
    /// Audits that take every file whose step is due for a stuck one.
    pub(crate) audits: u8,
    /// Changes of the stage's control record by others.
    pub(crate) others: u8,
    /// Senders that read the control record as it was a write before.
    pub(crate) stale: u8,
}

impl Bounds {
    pub(crate) const fn with(faults: Budget) -> Self {
        Self {
            dispatchers: 1,
            senders: 2,
            dead_letters: 1,
            max_receives: 2,
            answers: &[200, 500, 410],
            faults,
            has_control: false,
        }
    }

    /// A message that is not handled the first time is dead.
    pub(crate) const fn once(faults: Budget) -> Self {
        Self {
            max_receives: 1,
            ..Self::with(faults)
        }
    }

    /// With a control record, which others change, and which a sender may read late.
    pub(crate) const fn controlled(faults: Budget, others: u8, stale: u8) -> Self {
        Self {
            answers: &[200, 500],
            has_control: true,
            ..Self::with(Budget {
                others,
                stale,
                ..faults
            })
        }
    }

    const fn answered(self, answers: &'static [u16]) -> Self {
        Self { answers, ..self }
    }

    const fn with_two_dispatchers(faults: Budget) -> Self {
        Self {
            dispatchers: 2,
            ..Self::with(faults)
        }
    }
}

const fn budget([crashes, duplicates, lost, standstills, audits]: [u8; 5]) -> Budget {
    Budget {
        crashes,
        duplicates,
        lost,
        standstills,
        audits,
        others: 0,
        stale: 0,
    }
}

pub(crate) const NONE: Budget = budget([0, 0, 0, 0, 0]);
pub(crate) const CRASH: Budget = budget([1, 0, 0, 0, 0]);
pub(crate) const DUPLICATE: Budget = budget([0, 1, 0, 0, 0]);
const LOST: Budget = budget([0, 0, 1, 0, 0]);
pub(crate) const STANDSTILL: Budget = budget([0, 0, 0, 1, 0]);
const AUDIT: Budget = budget([0, 0, 0, 0, 1]);
const CRASH_AND_DUPLICATE: Budget = budget([1, 1, 0, 0, 0]);
const CRASH_AND_STANDSTILL: Budget = budget([1, 0, 0, 1, 0]);

/// A sender stands still, its message is dead meanwhile, and the dead letter closes the delivery: its
/// sender believes otherwise.
pub(crate) const STOOD_STILL: Bounds = Bounds::once(STANDSTILL).answered(&[200]);

/// A dispatcher dies, and so does the dead-letter function over its message.
pub(crate) const DIED_TWICE: Bounds = Bounds::once(budget([2, 0, 0, 0, 0])).answered(&[200]);

/// What every run looks through: each fault in the whole workflow, each pair of unlike faults in one
/// stage, and where what is owed of an exit could be lost or told wrong.
pub(crate) fn short() -> Vec<(Scene, Bounds)> {
    let mut worlds = vec![
        (TWO_COMMANDS, Bounds::with(NONE)),
        (TWO_COMMANDS, Bounds::with(CRASH).answered(&[200])),
        (TWO_COMMANDS, STOOD_STILL),
        (THREE_COMMANDS, Bounds::with_two_dispatchers(NONE)),
        (THREE_STAGES, DIED_TWICE),
        (ONE_STAGE, Bounds::with_two_dispatchers(DUPLICATE)),
        (TWO_STAGES, Bounds::once(CRASH)),
    ];
    for faults in [NONE, CRASH, DUPLICATE, LOST, STANDSTILL, AUDIT] {
        worlds.push((TWO_STAGES, Bounds::with(faults)));
    }
    for faults in pairs() {
        worlds.push((ONE_STAGE, Bounds::with(faults)));
    }
    for faults in [NONE, CRASH, DUPLICATE, LOST, STANDSTILL, AUDIT] {
        worlds.push((LONG_WAIT, Bounds::with(faults)));
    }
    worlds.push((CALLED_BACK, Bounds::with_two_dispatchers(NONE)));
    worlds.extend(controlled());
    for faults in [CRASH, DUPLICATE, LOST, STANDSTILL, AUDIT] {
        worlds.push((ONE_CONDITION, Bounds::with(faults)));
    }
    worlds.push((ONE_CONDITION, Bounds::controlled(NONE, 2, 0)));
    worlds.push((CONDITION_AND_STAGE, Bounds::with(CRASH).answered(&[200])));
    for faults in [CRASH_AND_DUPLICATE, CRASH_AND_STANDSTILL] {
        worlds.push((ONE_STAGE, Bounds::once(faults)));
        worlds.push((TWO_STAGES, Bounds::once(faults).answered(&[200])));
    }
    worlds
}

/// The stage's breaker opens, and others change its control record in between.
fn controlled() -> [(Scene, Bounds); 5] {
    let alone = |faults, others| Bounds {
        senders: 1,
        ..Bounds::controlled(faults, others, 0)
    };
    [
        (ONE_STAGE, Bounds::controlled(NONE, 2, 1)),
        (ONE_STAGE, alone(CRASH, 1)),
        (ONE_STAGE, alone(LOST, 1)),
        (ONE_STAGE, alone(STANDSTILL, 1)),
        (ONE_STAGE, Bounds::controlled(DUPLICATE, 0, 0)),
    ]
}

fn pairs() -> Vec<Budget> {
    let faults: [[u8; 5]; 10] = [
        [1, 1, 0, 0, 0],
        [1, 0, 1, 0, 0],
        [1, 0, 0, 1, 0],
        [1, 0, 0, 0, 1],
        [0, 1, 1, 0, 0],
        [0, 1, 0, 1, 0],
        [0, 1, 0, 0, 1],
        [0, 0, 1, 1, 0],
        [0, 0, 1, 0, 1],
        [0, 0, 0, 1, 1],
    ];
    faults.map(budget).into()
}

/// What `MODEL_BOUNDS=long` looks through besides: some millions of worlds each.
pub(crate) fn long() -> Vec<(Scene, Bounds)> {
    let mut worlds = short();
    for faults in [CRASH, DUPLICATE, LOST] {
        worlds.push((CALLED_BACK, Bounds::with_two_dispatchers(faults)));
    }
    for faults in [CRASH, DUPLICATE, STANDSTILL] {
        worlds.push((THREE_COMMANDS, Bounds::with(faults)));
    }
    for faults in [[1, 1, 1, 0, 0], [2, 0, 0, 0, 0], [1, 0, 1, 1, 0]] {
        worlds.push((ONE_STAGE, Bounds::with(budget(faults))));
    }
    for faults in pairs() {
        worlds.push((LONG_WAIT, Bounds::with(faults)));
    }
    worlds.push((ONE_STAGE, Bounds::controlled(NONE, 3, 1)));
    for faults in [CRASH, DUPLICATE, LOST, STANDSTILL] {
        worlds.push((ONE_STAGE, Bounds::controlled(faults, 1, 1)));
    }
    for faults in [CRASH_AND_DUPLICATE, CRASH_AND_STANDSTILL] {
        worlds.push((TWO_STAGES, Bounds::with(faults)));
        worlds.push((TWO_COMMANDS, Bounds::once(faults).answered(&[200])));
    }
    worlds.push((TWO_COMMANDS, STOOD_STILL.answered(&[200, 500])));
    worlds
}
