use aws::{CloudWatchObserver, Environment, EnvironmentError, Queue, SdkConfig, Table};
use delivery::ports::SystemClock;
use delivery::{Assignment, Delivery};

/// The audit's ports, and no others: its role grants exactly these actions.
pub(crate) struct Audit {
    table: Table,
    assignments: Queue<Assignment>,
    deliveries: Queue<Delivery>,
    observer: CloudWatchObserver,
}

impl Audit {
    pub(crate) fn new(config: &SdkConfig, from: Environment) -> Result<Self, EnvironmentError> {
        let assignments = Queue::new(config, from.required("ASSIGNMENTS_QUEUE_URL")?);
        Ok(Self {
            table: Table::new(config, from.required("TABLE_NAME")?, None),
            deliveries: assignments.beside(from.required("DELIVERIES_QUEUE_URL")?),
            assignments,
            observer: CloudWatchObserver::from_environment(from)?,
        })
    }
}

delivery::port_set! { impl AuditPorts for Audit as ports {
    Unfinished unfinished: Table = &ports.table;
    Assignments assignments: Queue<Assignment> = &ports.assignments;
    Deliveries deliveries: Queue<Delivery> = &ports.deliveries;
    Clock clock: SystemClock = &SystemClock;
    Observer observer: CloudWatchObserver = &ports.observer;
} }
