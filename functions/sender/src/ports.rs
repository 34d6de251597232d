use aws::{
    Bucket, CloudWatchObserver, Environment, EventBus, Gathered, Lanes, Queue, S3Presign,
    SdkConfig, SecretStore, SigV4Signer, Table,
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
        let bucket = from.required("DOCUMENTS_BUCKET")?;
        let caller = WebhookCaller::new(CallerConfig {
            allow_networks: from.networks("ALLOW_NETWORKS")?,
            ..CallerConfig::default()
        })?;
        Ok(Self {
            table: Table::of(config, from)?,
            deliveries: Gathered::new(Lanes::new(
                Queue::new(config, from.required("DELIVERIES_QUEUE_URL")?),
                Queue::new(config, from.required("SLOW_DELIVERIES_QUEUE_URL")?),
            )),
            assignments: Gathered::new(Queue::new(config, from.required("ASSIGNMENTS_QUEUE_URL")?)),
            documents: Bucket::new(config, bucket.clone()),
            events: EventBus::new(config, from.optional("EVENT_BUS_NAME")),
            secrets: SecretStore::of(config, from),
            caller: caller
                .with_presign(S3Presign::new(config, bucket))
                .with_signer(SigV4Signer::new(config)),
            observer: CloudWatchObserver::from_environment(from)?,
        })
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
