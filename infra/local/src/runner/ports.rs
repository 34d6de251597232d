use std::sync::Arc;

use delivery::FileState;
use delivery::control::RecentCalls;
use delivery::ports::{Archived, NoEvents, Observation, Observer, SystemClock, WriteError};
use embedded::Engine;
use webhook::WebhookCaller;

use crate::runner::log::log;
use crate::runner::paused::PausedStages;
use crate::runner::signer::Signer;

/// Observes attempts and outcomes.
pub type Watch = Arc<dyn Observer>;

/// The ports on one machine: the embedded engine for all of them, and the real caller.
#[derive(Clone)]
pub struct Local {
    engine: Engine,
    caller: WebhookCaller<(), Signer>,
    watch: Watching,
    paused: PausedStages,
    recent: Arc<RecentCalls>,
}

impl std::fmt::Debug for Local {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Local")
            .field("engine", &self.engine)
            .finish_non_exhaustive()
    }
}

/// An observer that is shared, and logs.
#[derive(Clone)]
pub struct Watching(Watch);

impl Observer for Watching {
    fn observe(&self, observation: Observation<'_>) {
        log(&observation);
        self.0.observe(observation);
    }
}

impl Local {
    /// Joins the engine, the caller and the observer.
    #[must_use]
    pub fn new(engine: Engine, caller: WebhookCaller, watch: Watch) -> Self {
        Self {
            engine,
            caller: caller.with_signer(Signer::default()),
            watch: Watching(watch),
            paused: PausedStages::default(),
            recent: Arc::default(),
        }
    }

    /// The recent calls of this process.
    pub(crate) fn recent(&self) -> &RecentCalls {
        &self.recent
    }

    /// The paused stages.
    pub(crate) fn paused(&self) -> &PausedStages {
        &self.paused
    }

    /// Makes the calls.
    #[cfg(feature = "serve")]
    pub(crate) fn caller(&self) -> WebhookCaller<(), Signer> {
        self.caller.clone()
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

delivery::port_set! { impl StepPorts for Local as local {
    States states: Engine = &local.engine;
    History history: Engine = &local.engine;
    Workflows workflows: Engine = &local.engine;
    Controls controls: Engine = &local.engine;
    Deliveries deliveries: Engine = &local.engine;
    Assignments assignments: Engine = &local.engine;
    Parked parked: Engine = &local.engine;
    Documents documents: Engine = &local.engine;
    Events events: NoEvents = &NoEvents;
    Clock clock: SystemClock = &SystemClock;
    Observer observer: Watching = &local.watch;
} with {
    async fn write(&self, archived: Vec<Archived>, next: &FileState) -> Result<(), WriteError> {
        self.engine.write(&archived, next).await
    }
} }

delivery::port_set! { impl SendPorts for Local as local {
    Secrets secrets: Engine = &local.engine;
    Caller caller: WebhookCaller<(), Signer> = &local.caller;
} }
