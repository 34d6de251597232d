//! What the API works with on AWS: a deployment, with the table and the queue that only the API needs.

use std::sync::Arc;
use std::time::Duration;

use aws_types::SdkConfig;
use bytes::Bytes;
use delivery::ports::{
    ApiKeys, DocumentError, Documents, NewDocument, Operator, Outgoing, PortError, Redriven,
    Removed, SendMessages, Service, StoredKey, SystemClock, Workflows,
};
use delivery::{Assignment, BulkAssignment, DeadLetter, Delivery, Document, DocumentRef, FileKey};
use uuid::Uuid;
use workflow::{SecretRef, StageSecrets, Workflow};

use crate::documents::{Bucket, ObjectReader};
use crate::environment::{Environment, EnvironmentError};
use crate::operator::Deployment;
use crate::queue::Queue;
use crate::registry::Registry;
use crate::secrets::SecretStore;
use crate::stack::Names;
use crate::table::{AtRestIndex, Table};

/// The engine of the API.
#[derive(Clone, Debug)]
pub struct ApiStore {
    deployment: Deployment,
    registry: Registry,
    bulk: Queue<BulkAssignment>,
}

impl ApiStore {
    /// A deployment with this table and this queue of the API's.
    #[must_use]
    pub fn new(deployment: Deployment, registry: Registry, bulk_queue_url: &str) -> Self {
        Self {
            bulk: deployment.assignments.beside(bulk_queue_url),
            deployment,
            registry,
        }
    }

    /// The deployment of a function, as its environment names it.
    ///
    /// # Errors
    /// [`EnvironmentError`] that names the variable.
    pub fn of(config: &SdkConfig, from: Environment) -> Result<Self, EnvironmentError> {
        let registry = from.required("REGISTRY_NAME")?;
        let deployment = Deployment::new(
            config,
            &Names {
                table: from.required("TABLE_NAME")?,
                registry: Some(registry.clone()),
                assignments_queue_url: from.required("ASSIGNMENTS_QUEUE_URL")?,
                // No route sends a delivery, or looks at what is parked: its role does not allow it.
                deliveries_queue_url: String::new(),
                parked_queue_url: String::new(),
                documents_bucket: from.required("DOCUMENTS_BUCKET")?,
                secrets_prefix: from.required("SECRETS_PREFIX")?,
                secret_per_team: from.optional("SECRET_PER_TEAM").as_deref() == Some("true"),
                index_at_rest: AtRestIndex::Absent,
                kms_key: from.optional("KMS_KEY_ARN"),
            },
        );
        let registry = Registry::beside(&deployment.table, registry);
        let bulk = from.required("BULK_QUEUE_URL")?;
        Ok(Self::new(deployment, registry, &bulk))
    }

    /// The bucket, for those that presign its objects' URLs.
    #[must_use]
    pub const fn documents(&self) -> &Bucket {
        &self.deployment.documents
    }

    /// Opens the connection that every request needs.
    pub async fn warm(&self) {
        self.deployment.table.warm().await;
    }
}

delivery::port_set! { impl AuditPorts for ApiStore as store {
    Unfinished unfinished: Table = store.deployment.unfinished();
    Assignments assignments: Queue<Assignment> = store.deployment.assignments();
    Deliveries deliveries: Queue<Delivery> = store.deployment.deliveries();
    Clock clock: SystemClock = &SystemClock;
    Observer observer: () = &();
} }

impl Operator for ApiStore {
    type Records = Table;
    type Secrets = SecretStore;

    fn records(&self) -> &Table {
        self.deployment.records()
    }

    fn secrets(&self) -> &SecretStore {
        self.deployment.secrets()
    }

    async fn put_workflow(
        &self,
        team: &str,
        workflow: &Workflow,
        secrets: &[(SecretRef, StageSecrets)],
    ) -> Result<(), PortError> {
        self.deployment.put_workflow(team, workflow, secrets).await
    }

    async fn workflows(&self) -> Result<Vec<(String, Uuid)>, PortError> {
        self.deployment.workflows().await
    }

    async fn put_documents(&self, documents: Vec<NewDocument>) -> Result<(), PortError> {
        self.deployment.put_documents(documents).await
    }

    async fn parked(&self, limit: usize) -> Result<Vec<Option<DeadLetter>>, PortError> {
        self.deployment.parked(limit).await
    }

    async fn redrive(&self, limit: usize) -> Result<Redriven, PortError> {
        self.deployment.redrive(limit).await
    }
}

impl Workflows for ApiStore {
    async fn workflow(&self, team: &str, id: Uuid) -> Result<Option<Arc<Workflow>>, PortError> {
        self.deployment.table.workflow(team, id).await
    }
}

impl Documents for ApiStore {
    type Reader = ObjectReader;

    async fn open(
        &self,
        key: &FileKey,
        document: Option<&DocumentRef>,
    ) -> Result<Document<ObjectReader>, DocumentError> {
        self.deployment.documents.open(key, document).await
    }

    async fn store(&self, key: &FileKey, document: Bytes) -> Result<(), PortError> {
        self.deployment.documents.store(key, document).await
    }
}

impl SendMessages<Assignment> for ApiStore {
    async fn send(&self, messages: Vec<Outgoing<Assignment>>) -> Vec<Result<(), PortError>> {
        self.deployment.assignments.send(messages).await
    }
}

impl SendMessages<BulkAssignment> for ApiStore {
    async fn send(&self, messages: Vec<Outgoing<BulkAssignment>>) -> Vec<Result<(), PortError>> {
        self.bulk.send(messages).await
    }
}

delivery::items_by!(ApiStore: registry);

impl ApiKeys for ApiStore {
    async fn key(&self, prefix: &str) -> Result<Option<StoredKey>, PortError> {
        self.registry.key(prefix).await
    }

    async fn put_key(&self, key: &StoredKey) -> Result<bool, PortError> {
        self.registry.put_key(key).await
    }

    async fn keys(&self) -> Result<Vec<StoredKey>, PortError> {
        self.registry.keys().await
    }

    async fn remove_key(&self, prefix: &str) -> Result<bool, PortError> {
        self.registry.remove_key(prefix).await
    }
}

impl Service for ApiStore {
    async fn workflows_of(&self, team: &str) -> Result<Vec<Arc<Workflow>>, PortError> {
        let ids = self.registry.listed_workflows(team).await?;
        let reads = ids.into_iter().map(|id| self.workflow(team, id));
        let found = futures_util::future::try_join_all(reads).await?;
        let mut found: Vec<Arc<Workflow>> = found.into_iter().flatten().collect();
        found.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
        Ok(found)
    }

    async fn upload_url(
        &self,
        key: &FileKey,
        expiry: Duration,
    ) -> Result<Option<String>, PortError> {
        self.documents().upload_url(key, expiry).await.map(Some)
    }

    /// Files on their way are looked for among the registered items: no index has them, and the table of records would
    /// have to be read as a whole.
    async fn remove_workflow(&self, team: &str, id: Uuid) -> Result<Removed, PortError> {
        let is_there = self.workflow(team, id).await?.is_some();
        if is_there && self.registry.is_under_way(team, id).await? {
            return Ok(Removed::InUse);
        }
        let was_there = self.deployment.table.remove_workflow(team, id).await?;
        self.registry.unlist_workflow(team, id).await?;
        Ok(if was_there {
            Removed::Removed
        } else {
            Removed::Missing
        })
    }
}
