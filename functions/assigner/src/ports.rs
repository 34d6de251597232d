use std::sync::Arc;

use aws::{
    CloudWatchObserver, Environment, EnvironmentError, Queue, Registry, SdkConfig, SourceQueue,
    Table,
};
use delivery::ports::{Outgoing, PortError, SendMessages, Workflows};
use delivery::{Assignment, BulkAssignment, DeadLetter};
use uuid::Uuid;
use workflow::Workflow;

/// The assigner's ports, and no others: its role grants exactly these actions.
pub(crate) struct Assigner {
    table: Table,
    registry: Registry,
    bulk: Queue<BulkAssignment>,
    assignments: Queue<Assignment>,
    parked: Queue<DeadLetter>,
    observer: CloudWatchObserver,
}

impl Assigner {
    pub(crate) fn new(config: &SdkConfig, from: Environment) -> Result<Self, EnvironmentError> {
        let table = Table::of(config, from)?;
        let bulk: Queue<BulkAssignment> = Queue::new(config, from.required("BULK_QUEUE_URL")?);
        Ok(Self {
            registry: Registry::beside(&table, from.required("REGISTRY_NAME")?),
            table,
            assignments: bulk.beside(from.required("ASSIGNMENTS_QUEUE_URL")?),
            parked: bulk.beside(from.required("PARKED_QUEUE_URL")?),
            bulk,
            observer: CloudWatchObserver::from_environment(from)?,
        })
    }

    pub(crate) const fn observer(&self) -> &CloudWatchObserver {
        &self.observer
    }

    /// The queue that its messages come from.
    pub(crate) fn source(&self, from: Environment) -> Result<SourceQueue, EnvironmentError> {
        let url = from.required("BULK_QUEUE_URL")?;
        Ok(SourceQueue::beside(&self.bulk, url))
    }

    /// Opens the connections that the first message needs.
    pub(crate) async fn connections(&self) {
        tokio::join!(self.table.warm(), self.assignments.warm());
    }
}

impl Workflows for Assigner {
    async fn workflow(&self, team: &str, id: Uuid) -> Result<Option<Arc<Workflow>>, PortError> {
        self.table.workflow(team, id).await
    }
}

delivery::items_by!(Assigner: registry);

impl SendMessages<Assignment> for Assigner {
    async fn send(&self, messages: Vec<Outgoing<Assignment>>) -> Vec<Result<(), PortError>> {
        self.assignments.send(messages).await
    }
}

impl SendMessages<BulkAssignment> for Assigner {
    async fn send(&self, messages: Vec<Outgoing<BulkAssignment>>) -> Vec<Result<(), PortError>> {
        self.bulk.send(messages).await
    }
}

impl SendMessages<DeadLetter> for Assigner {
    async fn send(&self, messages: Vec<Outgoing<DeadLetter>>) -> Vec<Result<(), PortError>> {
        self.parked.send(messages).await
    }
}
