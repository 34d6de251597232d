use aws::{
    CloudWatchObserver, Environment, EnvironmentError, Lanes, Queue, SdkConfig, SourceQueue, Table,
};
use delivery::Assignment;
use delivery::ports::{Absent, SystemClock};

/// The dispatcher's ports, and no others: its role grants exactly these actions.
pub(crate) struct Dispatcher {
    table: Table,
    deliveries: Lanes,
    assignments: Queue<Assignment>,
    observer: CloudWatchObserver,
}

impl Dispatcher {
    pub(crate) fn new(config: &SdkConfig, from: Environment) -> Result<Self, EnvironmentError> {
        let deliveries = Queue::new(config, from.required("DELIVERIES_QUEUE_URL")?);
        let slow = deliveries.beside(from.required("SLOW_DELIVERIES_QUEUE_URL")?);
        let assignments = deliveries.beside(from.required("ASSIGNMENTS_QUEUE_URL")?);
        Ok(Self {
            table: Table::of(config, from)?,
            deliveries: Lanes::new(deliveries, slow),
            assignments,
            observer: CloudWatchObserver::from_environment(from)?,
        })
    }

    /// The queue that its messages come from.
    pub(crate) fn source(&self, from: Environment) -> Result<SourceQueue, EnvironmentError> {
        let url = from.required("ASSIGNMENTS_QUEUE_URL")?;
        Ok(SourceQueue::beside(self.deliveries.fast(), url))
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
    Assignments assignments: Queue<Assignment> = &ports.assignments;
    Parked parked: Absent = &Absent;
    Documents documents: Absent = &Absent;
    Events events: Absent = &Absent;
    Clock clock: SystemClock = &SystemClock;
    Observer observer: CloudWatchObserver = &ports.observer;
} }
