use aws_config::SdkConfig;
use delivery::Assignment;

use super::DispatcherPorts;
use crate::documents::Bucket;
use crate::environment::{Environment, EnvironmentError};
use crate::events::EventBus;
use crate::queue::Queue;
use crate::warm::within;

/// The ports that move a file out of its stage, for the functions that do so.
#[derive(Clone, Debug)]
pub(super) struct Exit {
    pub(super) dispatcher: DispatcherPorts,
    pub(super) assignments: Queue<Assignment>,
    pub(super) documents: Bucket,
    pub(super) events: EventBus,
}

impl Exit {
    /// From the function's environment: the dispatcher's variables, `ASSIGNMENTS_QUEUE_URL`,
    /// `DOCUMENTS_BUCKET` and `EVENT_BUS_NAME` (empty: no events).
    pub(super) fn new(
        config: &SdkConfig,
        environment: Environment,
    ) -> Result<Self, EnvironmentError> {
        Ok(Self {
            dispatcher: DispatcherPorts::new(config, environment)?,
            assignments: Queue::new(config, environment.required("ASSIGNMENTS_QUEUE_URL")?),
            documents: Bucket::new(config, environment.required("DOCUMENTS_BUCKET")?),
            events: EventBus::new(config, environment.optional("EVENT_BUS_NAME")),
        })
    }

    pub(super) async fn warm(&self) {
        tokio::join!(self.dispatcher.warm(), within(self.documents.warm()));
    }
}

/// Implements `ExitPorts` for a type by its field `exit`.
macro_rules! lend_exit {
    ($type:ty) => {
        delivery::port_set! { impl DispatchPorts for $type as ports {
            States states: crate::table::Table = ports.exit.dispatcher.states();
            History history: crate::table::Table = ports.exit.dispatcher.history();
            Workflows workflows: crate::table::Table = ports.exit.dispatcher.workflows();
            Deliveries deliveries: crate::queue::Queue<delivery::Delivery> = ports.exit.dispatcher.deliveries();
            Clock clock: delivery::ports::SystemClock = ports.exit.dispatcher.clock();
            Observer observer: crate::metrics::EmfMetrics = ports.exit.dispatcher.observer();
        } }

        delivery::port_set! { impl ExitPorts for $type as ports {
            Assignments assignments: crate::queue::Queue<delivery::Assignment> = &ports.exit.assignments;
            Documents documents: crate::documents::Bucket = &ports.exit.documents;
            Events events: crate::events::EventBus = &ports.exit.events;
        } }
    };
}
pub(super) use lend_exit;
