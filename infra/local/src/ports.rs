use std::sync::Arc;

use delivery::ports::{
    DeadLetterPorts, DispatchPorts, NoEvents, Observation, Observer, SendPorts, SystemClock,
};
use embedded::Engine;
use webhook::WebhookCaller;

/// Takes note of what happens.
pub type Watch = Arc<dyn Observer>;

/// The ports on one machine: the embedded engine for all of them, and the real caller.
#[derive(Clone)]
pub struct Local {
    engine: Engine,
    caller: WebhookCaller,
    watch: Watching,
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Local")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

/// Lends an observer that is shared.
#[derive(Clone)]
pub struct Watching(Watch);

impl Observer for Watching {
    fn observe(&self, observation: Observation<'_>) {
        self.0.observe(observation);
    }
}

impl Local {
    /// Bundles them.
    #[must_use]
    pub fn new(engine: Engine, caller: WebhookCaller, watch: Watch) -> Self {
        Self {
            engine,
            caller,
            watch: Watching(watch),
        }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl DispatchPorts for Local {
    type States = Engine;
    type History = Engine;
    type Workflows = Engine;
    type Deliveries = Engine;
    type Clock = SystemClock;
    type Observer = Watching;

    fn states(&self) -> &Engine {
        &self.engine
    }
    fn history(&self) -> &Engine {
        &self.engine
    }
    fn workflows(&self) -> &Engine {
        &self.engine
    }
    fn deliveries(&self) -> &Engine {
        &self.engine
    }
    fn clock(&self) -> &SystemClock {
        &SystemClock
    }
    fn observer(&self) -> &Watching {
        &self.watch
    }
}

impl SendPorts for Local {
    type Assignments = Engine;
    type Documents = Engine;
    type Secrets = Engine;
    type Caller = WebhookCaller;
    type Events = NoEvents;

    fn assignments(&self) -> &Engine {
        &self.engine
    }
    fn documents(&self) -> &Engine {
        &self.engine
    }
    fn secrets(&self) -> &Engine {
        &self.engine
    }
    fn caller(&self) -> &WebhookCaller {
        &self.caller
    }
    fn events(&self) -> &NoEvents {
        &NoEvents
    }
}

impl DeadLetterPorts for Local {
    type Assignments = Engine;
    type DeadLetters = Engine;
    type Events = NoEvents;

    fn assignments(&self) -> &Engine {
        &self.engine
    }
    fn dead_letters(&self) -> &Engine {
        &self.engine
    }
    fn events(&self) -> &NoEvents {
        &NoEvents
    }
}
