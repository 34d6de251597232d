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
    pub fast: Mapping,
    /// What serves the slow lane's queue, if there is one.
    pub slow: Option<Mapping>,
    /// How long, in virtual time.
    pub lasts: Duration,
}

impl Plan {
    /// With the template's defaults.
    #[must_use]
    pub const fn new(stages: Vec<Stage>, lasts: Duration) -> Self {
        Self {
            stages,
            fast: Mapping::of_the_template(),
            slow: Some(Mapping::of_the_slow_lane()),
            lasts,
        }
    }

    /// Without a slow lane and without breakers, as the product was.
    #[must_use]
    pub fn as_it_was(mut self) -> Self {
        self.slow = None;
        for stage in &mut self.stages {
            stage.settings.insert("breaker".to_owned(), false.into());
        }
        self
    }
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
    /// When files stop to arrive; none for never.
    pub until: Option<Duration>,
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
            until: None,
            saturates: true,
        }
    }

    /// This many files at the beginning.
    #[must_use]
    pub const fn backlog(backlog: usize) -> Self {
        Self {
            backlog,
            a_second: 0,
            until: None,
            saturates: false,
        }
    }

    /// This many files a second.
    #[must_use]
    pub const fn a_second(a_second: u32) -> Self {
        Self {
            backlog: 0,
            a_second,
            until: None,
            saturates: false,
        }
    }

    /// Nothing arrives any more from then on.
    #[must_use]
    pub const fn until(mut self, until: Duration) -> Self {
        self.until = Some(until);
        self
    }
}
