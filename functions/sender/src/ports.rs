use aws::{
    Bucket, CloudWatchObserver, Environment, EnvironmentError, EventBus, Gathered, Lanes, Queue,
    S3Presign, SdkConfig, SecretStore, SigV4Signer, SourceQueue, Table,
};
use delivery::ports::{Absent, SystemClock};
use delivery::{Assignment, Delivery};
use lambda_runtime::Error;
use webhook::{CallerConfig, WebhookCaller};

/// The sender's ports, and no others: its role grants exactly these actions.
pub(crate) struct Sender {
    table: Table,
    deliveries: Gathered<Lanes, Delivery>,
    assignments: Gathered<Queue<Assignment>, Assignment>,
    documents: Bucket,
    events: EventBus,
    secrets: SecretStore,
    caller: WebhookCaller<S3Presign, SigV4Signer>,
    observer: CloudWatchObserver,
}

impl Sender {
    pub(crate) fn new(config: &SdkConfig, from: Environment) -> Result<Self, Error> {
        let documents = Bucket::new(config, from.required("DOCUMENTS_BUCKET")?);
        let deliveries = Queue::new(config, from.required("DELIVERIES_QUEUE_URL")?);
        let slow = deliveries.beside(from.required("SLOW_DELIVERIES_QUEUE_URL")?);
        let assignments = deliveries.beside(from.required("ASSIGNMENTS_QUEUE_URL")?);
        let caller = WebhookCaller::new(CallerConfig {
            allow_networks: from.networks("ALLOW_NETWORKS")?,
            ..CallerConfig::default()
        })?;
        Ok(Self {
            table: Table::of(config, from)?,
            deliveries: Gathered::new(Lanes::new(deliveries, slow)),
            assignments: Gathered::new(assignments),
            events: EventBus::new(config, from.optional("EVENT_BUS_NAME")),
            secrets: SecretStore::of(config, from),
            caller: caller
                .with_presign(S3Presign::beside(&documents))
                .with_signer(SigV4Signer::new(config)),
            documents,
            observer: CloudWatchObserver::from_environment(from)?,
        })
    }

    /// The queues that its messages come from.
    pub(crate) fn source(&self, from: Environment) -> Result<SourceQueue, EnvironmentError> {
        let fast = from.required("DELIVERIES_QUEUE_URL")?;
        let source = SourceQueue::beside(self.deliveries.queue().fast(), fast);
        Ok(source.and(from.required("SLOW_DELIVERIES_QUEUE_URL")?))
    }

    /// Opens the connections that the first message needs.
    pub(crate) async fn connections(&self) {
        tokio::join!(
            self.table.warm(),
            self.deliveries.queue().warm(),
            self.documents.warm()
        );
    }
}

delivery::port_set! { impl StepPorts for Sender as ports {
    States states: Table = &ports.table;
    History history: Table = &ports.table;
    Workflows workflows: Table = &ports.table;
    Controls controls: Table = &ports.table;
    Deliveries deliveries: Gathered<Lanes, Delivery> = &ports.deliveries;
    Assignments assignments: Gathered<Queue<Assignment>, Assignment> = &ports.assignments;
    Parked parked: Absent = &Absent;
    Documents documents: Bucket = &ports.documents;
    Events events: EventBus = &ports.events;
    Clock clock: SystemClock = &SystemClock;
    Observer observer: CloudWatchObserver = &ports.observer;
} }

delivery::port_set! { impl SendPorts for Sender as ports {
    Secrets secrets: SecretStore = &ports.secrets;
    Caller caller: WebhookCaller<S3Presign, SigV4Signer> = &ports.caller;
} }
