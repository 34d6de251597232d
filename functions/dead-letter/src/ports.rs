use aws::{
    Bucket, CloudWatchObserver, Environment, EnvironmentError, EventBus, Lanes, Queue, SdkConfig,
    Table,
};
use delivery::ports::SystemClock;
use delivery::{Assignment, DeadLetter};

/// The dead-letter function's ports, and no others: its role grants exactly these actions.
pub(crate) struct DeadLetters {
    table: Table,
    deliveries: Lanes,
    assignments: Queue<Assignment>,
    parked: Queue<DeadLetter>,
    documents: Bucket,
    events: EventBus,
    observer: CloudWatchObserver,
}

impl DeadLetters {
    pub(crate) fn new(config: &SdkConfig, from: Environment) -> Result<Self, EnvironmentError> {
        let deliveries = Queue::new(config, from.required("DELIVERIES_QUEUE_URL")?);
        let slow = deliveries.beside(from.required("SLOW_DELIVERIES_QUEUE_URL")?);
        Ok(Self {
            table: Table::of(config, from)?,
            assignments: deliveries.beside(from.required("ASSIGNMENTS_QUEUE_URL")?),
            parked: deliveries.beside(from.required("PARKED_QUEUE_URL")?),
            deliveries: Lanes::new(deliveries, slow),
            documents: Bucket::new(config, from.required("DOCUMENTS_BUCKET")?),
            events: EventBus::new(config, from.optional("EVENT_BUS_NAME")),
            observer: CloudWatchObserver::from_environment(from)?,
        })
    }

    /// Opens the connections that the first message needs.
    pub(crate) async fn connections(&self) {
        tokio::join!(self.table.warm(), self.deliveries.warm());
    }
}

delivery::port_set! { impl StepPorts for DeadLetters as ports {
    States states: Table = &ports.table;
    History history: Table = &ports.table;
    Workflows workflows: Table = &ports.table;
    Controls controls: Table = &ports.table;
    Deliveries deliveries: Lanes = &ports.deliveries;
    Assignments assignments: Queue<Assignment> = &ports.assignments;
    Parked parked: Queue<DeadLetter> = &ports.parked;
    Documents documents: Bucket = &ports.documents;
    Events events: EventBus = &ports.events;
    Clock clock: SystemClock = &SystemClock;
    Observer observer: CloudWatchObserver = &ports.observer;
} }
