use std::time::Duration;

use serde_json::{Map, Value};

use crate::mapping::Mapping;
use crate::receiver::Receiver;

/// What is to be run.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The Webhook stages, which are known by their position.
    pub stages: Vec<Stage>,
    /// What serves the deliveries queue.
    pub mapping: Mapping,
    /// How long, in virtual time.
    pub lasts: Duration,
}

/// A Webhook stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// Its receiver.
    pub receiver: Receiver,
    /// Its files.
    pub load: Load,
    /// Settings beside its URL, as in the workflow's JSON.
    pub settings: Map<String, Value>,
}

impl Stage {
    /// A stage with the default settings.
    #[must_use]
    pub fn new(receiver: Receiver, load: Load) -> Self {
        Self {
            receiver,
            load,
            settings: Map::new(),
        }
    }
}

/// When files arrive in a stage. It does not depend on how fast they are delivered, unless it is to saturate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// Files that are there at the beginning.
    pub backlog: usize,
    /// Files a second, evenly spaced.
    pub a_second: u32,
    /// Whether the backlog is filled up again all the time, so that there is always something to do.
    pub saturates: bool,
}

impl Load {
    /// There is always something to do.
    #[must_use]
    pub const fn saturating(backlog: usize) -> Self {
        Self {
            backlog,
            a_second: 0,
            saturates: true,
        }
    }

    /// This many files at the beginning.
    #[must_use]
    pub const fn backlog(backlog: usize) -> Self {
        Self {
            backlog,
            a_second: 0,
            saturates: false,
        }
    }

    /// This many files a second.
    #[must_use]
    pub const fn a_second(a_second: u32) -> Self {
        Self {
            backlog: 0,
            a_second,
            saturates: false,
        }
    }
}
