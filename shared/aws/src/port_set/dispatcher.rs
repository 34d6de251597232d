use aws_config::SdkConfig;
use delivery::Delivery;
use delivery::ports::SystemClock;

use crate::environment::{Environment, EnvironmentError};
use crate::metrics::EmfMetrics;
use crate::queue::Queue;
use crate::table::Table;
use crate::warm::within;

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

impl DispatcherPorts {
    /// Opens the connections that the first message needs, while starting: at more than the share of a CPU
    /// that an invocation has.
    pub async fn warm(&self) {
        let own = async { tokio::join!(self.table.warm(), self.deliveries.warm()) };
        within(own).await;
    }
}

delivery::port_set! { impl DispatchPorts for DispatcherPorts as ports {
    States states: Table = &ports.table;
    History history: Table = &ports.table;
    Workflows workflows: Table = &ports.table;
    Deliveries deliveries: Queue<Delivery> = &ports.deliveries;
    Clock clock: SystemClock = &SystemClock;
    Observer observer: EmfMetrics = &ports.metrics;
} }
