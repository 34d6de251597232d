use aws_config::SdkConfig;
use delivery::ports::SystemClock;
use delivery::{Assignment, Delivery};

use crate::environment::{Environment, EnvironmentError};
use crate::metrics::EmfMetrics;
use crate::queue::Queue;
use crate::table::Table;

/// The audit's ports.
#[derive(Clone, Debug)]
pub struct AuditFunctionPorts {
    table: Table,
    assignments: Queue<Assignment>,
    deliveries: Queue<Delivery>,
    metrics: EmfMetrics,
}

impl AuditFunctionPorts {
    /// Reads the function's environment: `TABLE_NAME`, `ASSIGNMENTS_QUEUE_URL`,
    /// `DELIVERIES_QUEUE_URL` and `METRICS_NAMESPACE`.
    ///
    /// # Errors
    /// [`EnvironmentError`] that names the variable.
    pub fn new(config: &SdkConfig, environment: Environment) -> Result<Self, EnvironmentError> {
        Ok(Self {
            table: Table::new(config, environment.required("TABLE_NAME")?, None),
            assignments: Queue::new(config, environment.required("ASSIGNMENTS_QUEUE_URL")?),
            deliveries: Queue::new(config, environment.required("DELIVERIES_QUEUE_URL")?),
            metrics: EmfMetrics::from_environment(environment),
        })
    }
}

delivery::port_set! { impl AuditPorts for AuditFunctionPorts as ports {
    Unfinished unfinished: Table = &ports.table;
    Assignments assignments: Queue<Assignment> = &ports.assignments;
    Deliveries deliveries: Queue<Delivery> = &ports.deliveries;
    Clock clock: SystemClock = &SystemClock;
    Observer observer: EmfMetrics = &ports.metrics;
} }
