use aws::{EmfMetrics, Environment, EnvironmentError, Queue, SdkConfig, Table};
use delivery::Delivery;
use delivery::ports::{Absent, SystemClock};

/// The dispatcher's ports, and no others: its role grants exactly these actions.
pub(crate) struct Dispatcher {
    table: Table,
    deliveries: Queue<Delivery>,
    metrics: EmfMetrics,
}

impl Dispatcher {
    pub(crate) fn new(config: &SdkConfig, from: Environment) -> Result<Self, EnvironmentError> {
        Ok(Self {
            table: Table::of(config, from)?,
            deliveries: Queue::new(config, from.required("DELIVERIES_QUEUE_URL")?),
            metrics: EmfMetrics::from_environment(from),
        })
    }

    /// Opens the connections that the first message needs.
    pub(crate) async fn connections(&self) {
        tokio::join!(self.table.warm(), self.deliveries.warm());
    }
}

delivery::port_set! { impl StepPorts for Dispatcher as ports {
    States states: Table = &ports.table;
    History history: Table = &ports.table;
    Workflows workflows: Table = &ports.table;
    Controls controls: Table = &ports.table;
    Deliveries deliveries: Queue<Delivery> = &ports.deliveries;
    Assignments assignments: Absent = &Absent;
    Parked parked: Absent = &Absent;
    Documents documents: Absent = &Absent;
    Events events: Absent = &Absent;
    Clock clock: SystemClock = &SystemClock;
    Observer observer: EmfMetrics = &ports.metrics;
} }
