use aws_config::SdkConfig;
use delivery::ports::{AuditPorts, SystemClock};
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
    /// From the function's environment: `TABLE_NAME`, `ASSIGNMENTS_QUEUE_URL`,
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

impl AuditPorts for AuditFunctionPorts {
    type Unfinished = Table;
    type Assignments = Queue<Assignment>;
    type Deliveries = Queue<Delivery>;
    type Clock = SystemClock;
    type Observer = EmfMetrics;

    fn unfinished(&self) -> &Table {
        &self.table
    }
    fn assignments(&self) -> &Queue<Assignment> {
        &self.assignments
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
