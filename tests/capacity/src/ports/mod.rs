//! The ports of one execution environment.

mod calls;
mod controls;
mod quiet;
mod table;
mod workflows;

use std::sync::{Arc, Mutex};

use delivery::Timestamp;
use delivery::control::{Lane, RecentCalls};
use delivery::ports::{Absent, Clock, NoEvents};
use tokio::time::Instant;
use uuid::Uuid;

use crate::model::Model;

/// An execution environment: what it keeps in memory is its own.
#[derive(Debug)]
pub(crate) struct Environment {
    model: Arc<Model>,
    /// When the workflow was read that it keeps.
    workflow_read: Mutex<Option<Instant>>,
    controls: controls::Copies,
    /// What its sender remembers from one invocation to the next.
    recent: RecentCalls,
    /// The lane whose mapping invokes it.
    lane: Lane,
    /// Its share of a processor, which calls take in turn.
    processor: tokio::sync::Mutex<()>,
}

impl Environment {
    pub(crate) fn new(model: Arc<Model>, lane: Lane) -> Self {
        Self {
            model,
            workflow_read: Mutex::default(),
            controls: Mutex::default(),
            recent: RecentCalls::default(),
            lane,
            processor: tokio::sync::Mutex::default(),
        }
    }

    pub(crate) fn model(&self) -> &Model {
        &self.model
    }

    pub(crate) const fn recent(&self) -> &RecentCalls {
        &self.recent
    }

    pub(crate) const fn lane(&self) -> Lane {
        self.lane
    }
}

impl Clock for Environment {
    fn now(&self) -> Timestamp {
        self.model.time.now()
    }

    fn unique_id(&self) -> Uuid {
        self.model.claim_id()
    }
}

delivery::port_set! { impl StepPorts for Environment as own {
    States states: Self = own;
    History history: Self = own;
    Workflows workflows: Self = own;
    Controls controls: Self = own;
    Deliveries deliveries: Self = own;
    Assignments assignments: Absent = &Absent;
    Parked parked: Absent = &Absent;
    Documents documents: Self = own;
    Events events: NoEvents = &NoEvents;
    Clock clock: Self = own;
    Observer observer: Self = own;
} }

delivery::port_set! { impl SendPorts for Environment as own {
    Secrets secrets: Self = own;
    Caller caller: Self = own;
} }
