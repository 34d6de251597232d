use aws::{CloudWatchObserver, Environment, EnvironmentError, Lanes, Queue, SdkConfig, Table};
use delivery::ports::{Absent, SystemClock};

/// The dispatcher's ports, and no others: its role grants exactly these actions.
pub(crate) struct Dispatcher {
    table: Table,
    deliveries: Lanes,
    observer: CloudWatchObserver,
}

impl Dispatcher {
    pub(crate) fn new(config: &SdkConfig, from: Environment) -> Result<Self, EnvironmentError> {
        Ok(Self {
            table: Table::of(config, from)?,
            deliveries: Lanes::new(
                Queue::new(config, from.required("DELIVERIES_QUEUE_URL")?),
                Queue::new(config, from.required("SLOW_DELIVERIES_QUEUE_URL")?),
            ),
            observer: CloudWatchObserver::from_environment(from)?,
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
    Deliveries deliveries: Lanes = &ports.deliveries;
    Assignments assignments: Absent = &Absent;
    Parked parked: Absent = &Absent;
    Documents documents: Absent = &Absent;
    Events events: Absent = &Absent;
    Clock clock: SystemClock = &SystemClock;
    Observer observer: CloudWatchObserver = &ports.observer;
} }
