//! The ports of each function, with the clients it needs and no others.

use std::time::Duration;

use aws_config::SdkConfig;
use delivery::ports::{DeadLetterPorts, DispatchPorts, SystemClock};
use delivery::{Assignment, DeadLetter, Delivery};

use crate::environment::{Environment, EnvironmentError};
use crate::events::EventBus;
use crate::metrics::EmfMetrics;
use crate::queue::Queue;
use crate::table::Table;

/// The dispatcher's ports.
#[derive(Clone, Debug)]
pub struct DispatcherPorts {
    table: Table,
    deliveries: Queue<Delivery>,
    metrics: EmfMetrics,
}

impl DispatcherPorts {
    /// From the function's environment: `TABLE_NAME`, `DELIVERIES_QUEUE_URL`, `ATTEMPT_HISTORY_DAYS`
    /// (0 keeps for ever) and `METRICS_NAMESPACE`.
    ///
    /// # Errors
    /// [`EnvironmentError`] that names the variable.
    pub fn new(config: &SdkConfig, environment: Environment) -> Result<Self, EnvironmentError> {
        let days = environment.number("ATTEMPT_HISTORY_DAYS", 90)?;
        Ok(Self {
            table: Table::new(
                config,
                environment.required("TABLE_NAME")?,
                (days > 0).then_some(days),
            ),
            deliveries: Queue::new(config, environment.required("DELIVERIES_QUEUE_URL")?),
            metrics: EmfMetrics::from_environment(environment),
        })
    }
}

/// Longest warming: an engine out of reach must not use up the time there is for starting.
const WARMING: Duration = Duration::from_secs(2);

impl DispatcherPorts {
    /// Opens the connections that the first message needs, while starting: CPU is free then.
    pub async fn warm(&self) {
        let warm = async { tokio::join!(self.table.warm(), self.deliveries.warm()) };
        let _ = tokio::time::timeout(WARMING, warm).await;
    }
}

impl DispatchPorts for DispatcherPorts {
    type States = Table;
    type History = Table;
    type Workflows = Table;
    type Deliveries = Queue<Delivery>;
    type Clock = SystemClock;
    type Observer = EmfMetrics;

    fn states(&self) -> &Table {
        &self.table
    }
    fn history(&self) -> &Table {
        &self.table
    }
    fn workflows(&self) -> &Table {
        &self.table
    }
    fn deliveries(&self) -> &Queue<Delivery> {
        &self.deliveries
    }
    fn clock(&self) -> &SystemClock {
        &SystemClock
    }
    fn observer(&self) -> &EmfMetrics {
        &self.metrics
    }
}

/// The dead-letter function's ports.
#[derive(Clone, Debug)]
pub struct DeadLetterFunctionPorts {
    dispatcher: DispatcherPorts,
    assignments: Queue<Assignment>,
    dead_letters: Queue<DeadLetter>,
    events: EventBus,
}

impl DeadLetterFunctionPorts {
    /// From the function's environment: the dispatcher's variables, `ASSIGNMENTS_QUEUE_URL`,
    /// `DEAD_LETTERS_QUEUE_URL` and `EVENT_BUS_NAME` (empty: no events).
    ///
    /// # Errors
    /// [`EnvironmentError`] that names the variable.
    pub fn new(config: &SdkConfig, environment: Environment) -> Result<Self, EnvironmentError> {
        Ok(Self {
            dispatcher: DispatcherPorts::new(config, environment)?,
            assignments: Queue::new(config, environment.required("ASSIGNMENTS_QUEUE_URL")?),
            dead_letters: Queue::new(config, environment.required("DEAD_LETTERS_QUEUE_URL")?),
            events: EventBus::new(config, environment.optional("EVENT_BUS_NAME")),
        })
    }
}

/// The dispatcher's ports, lent by what contains them.
macro_rules! lend_dispatcher {
    ($($type:ty),+) => {$(
        impl DispatchPorts for $type {
            type States = Table;
            type History = Table;
            type Workflows = Table;
            type Deliveries = Queue<Delivery>;
            type Clock = SystemClock;
            type Observer = EmfMetrics;

            fn states(&self) -> &Table {
                self.dispatcher.states()
            }
            fn history(&self) -> &Table {
                self.dispatcher.history()
            }
            fn workflows(&self) -> &Table {
                self.dispatcher.workflows()
            }
            fn deliveries(&self) -> &Queue<Delivery> {
                self.dispatcher.deliveries()
            }
            fn clock(&self) -> &SystemClock {
                self.dispatcher.clock()
            }
            fn observer(&self) -> &EmfMetrics {
                self.dispatcher.observer()
            }
        }
    )+};
}

lend_dispatcher!(DeadLetterFunctionPorts);

impl DeadLetterPorts for DeadLetterFunctionPorts {
    type Assignments = Queue<Assignment>;
    type DeadLetters = Queue<DeadLetter>;
    type Events = EventBus;

    fn assignments(&self) -> &Queue<Assignment> {
        &self.assignments
    }
    fn dead_letters(&self) -> &Queue<DeadLetter> {
        &self.dead_letters
    }
    fn events(&self) -> &EventBus {
        &self.events
    }
}

#[cfg(all(feature = "s3", feature = "secretsmanager"))]
mod sender {
    use delivery::ports::SendPorts;
    use futures_util::FutureExt;
    use webhook::{CallerConfig, ClientError, WebhookCaller};

    use super::{
        Assignment, Delivery, DispatchPorts, DispatcherPorts, EmfMetrics, Environment,
        EnvironmentError, EventBus, Queue, SdkConfig, SystemClock, Table, WARMING,
    };
    use crate::documents::Bucket;
    use crate::presign::S3Presign;
    use crate::secrets::SecretStore;

    /// The sender's ports.
    #[derive(Clone, Debug)]
    pub struct SenderPorts {
        dispatcher: DispatcherPorts,
        assignments: Queue<Assignment>,
        documents: Bucket,
        secrets: SecretStore,
        caller: WebhookCaller<S3Presign>,
        events: EventBus,
    }

    /// The sender cannot start.
    #[derive(Debug, thiserror::Error)]
    pub enum SenderError {
        /// Its environment.
        #[error(transparent)]
        Environment(#[from] EnvironmentError),
        /// Its HTTP client.
        #[error(transparent)]
        Client(#[from] ClientError),
    }

    impl SenderPorts {
        /// From the function's environment: the dispatcher's variables, `ASSIGNMENTS_QUEUE_URL`,
        /// `DOCUMENTS_BUCKET`, `SECRETS_PREFIX`, `EVENT_BUS_NAME` (empty: no events) and
        /// `ALLOW_NETWORKS` (empty: none).
        ///
        /// # Errors
        /// [`SenderError`], in one line.
        pub fn new(config: &SdkConfig, environment: Environment) -> Result<Self, SenderError> {
            let caller = WebhookCaller::new(CallerConfig {
                allow_networks: environment.networks("ALLOW_NETWORKS")?,
                ..CallerConfig::default()
            })?;
            let prefix = environment.optional("SECRETS_PREFIX").unwrap_or_default();
            let documents = environment.required("DOCUMENTS_BUCKET")?;
            Ok(Self {
                dispatcher: DispatcherPorts::new(config, environment)?,
                assignments: Queue::new(config, environment.required("ASSIGNMENTS_QUEUE_URL")?),
                caller: caller.with_presign(S3Presign::new(config, documents.clone())),
                documents: Bucket::new(config, documents),
                secrets: SecretStore::new(config, prefix),
                events: EventBus::new(config, environment.optional("EVENT_BUS_NAME")),
            })
        }
    }

    impl SenderPorts {
        /// Opens the connections that the first message needs, while starting: CPU is free then.
        pub async fn warm(&self) {
            let own = async { tokio::join!(self.secrets.warm(), self.documents.warm()) };
            tokio::join!(
                self.dispatcher.warm(),
                tokio::time::timeout(WARMING, own).map(drop)
            );
        }
    }

    lend_dispatcher!(SenderPorts);

    impl SendPorts for SenderPorts {
        type Assignments = Queue<Assignment>;
        type Documents = Bucket;
        type Secrets = SecretStore;
        type Caller = WebhookCaller<S3Presign>;
        type Events = EventBus;

        fn assignments(&self) -> &Queue<Assignment> {
            &self.assignments
        }
        fn documents(&self) -> &Bucket {
            &self.documents
        }
        fn secrets(&self) -> &SecretStore {
            &self.secrets
        }
        fn caller(&self) -> &WebhookCaller<S3Presign> {
            &self.caller
        }
        fn events(&self) -> &EventBus {
            &self.events
        }
    }
}

#[cfg(all(feature = "s3", feature = "secretsmanager"))]
pub use sender::{SenderError, SenderPorts};
