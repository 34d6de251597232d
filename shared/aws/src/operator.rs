//! What an operator does with a deployment from outside its functions.

use std::collections::HashMap;
use std::time::Duration;

use aws_types::SdkConfig;
use delivery::machine::redrive;
use delivery::ports::{NewDocument, Operator, PortError, Redriven, SystemClock};
use delivery::{Assignment, DeadLetter, Delivery};
use futures_util::{StreamExt, TryStreamExt, stream};
use tokio::sync::Semaphore;
use uuid::Uuid;
use workflow::{SecretRef, StageSecrets, Workflow};

use crate::documents::Bucket;
use crate::queue::{Parked, Queue, parked, unpark};
use crate::registry::Registry;
use crate::secrets::SecretStore;
use crate::stack::Names;
use crate::table::Table;

/// How long a parked letter stays hidden from others while it is looked at.
const PEEK: Duration = Duration::from_secs(5);

/// Uploads at the same time: a small one waits more for the answer than for bandwidth.
const UPLOADS: usize = 16;

/// KiB being uploaded at the same time. Large uploads share the bandwidth, and too many at once would time
/// out.
const UPLOADING: u32 = 4096;

/// A deployment, for whoever operates it.
#[derive(Clone, Debug)]
pub struct Deployment {
    pub(crate) table: Table,
    registry: Option<Registry>,
    pub(crate) assignments: Queue<Assignment>,
    deliveries: Queue<Delivery>,
    parked: Queue<DeadLetter>,
    pub(crate) documents: Bucket,
    secrets: SecretStore,
}

impl Deployment {
    /// The deployment with these names.
    #[must_use]
    pub fn new(config: &SdkConfig, names: &Names) -> Self {
        let table = Table::new(config, &names.table, None).with_index_at_rest(names.index_at_rest);
        let registry = names.registry.as_ref();
        Self {
            registry: registry.map(|name| Registry::beside(&table, name)),
            table,
            assignments: Queue::new(config, &names.assignments_queue_url),
            deliveries: Queue::new(config, &names.deliveries_queue_url),
            parked: Queue::new(config, &names.parked_queue_url),
            documents: Bucket::new(config, &names.documents_bucket),
            secrets: SecretStore::new(config, &names.secrets_prefix)
                .per_team(names.secret_per_team)
                .encrypted_with(names.kms_key.clone()),
        }
    }

    /// The table of the API; none in a deployment without it.
    #[must_use]
    pub const fn registry(&self) -> Option<&Registry> {
        self.registry.as_ref()
    }
}

delivery::port_set! { impl AuditPorts for Deployment as deployment {
    Unfinished unfinished: Table = &deployment.table;
    Assignments assignments: Queue<Assignment> = &deployment.assignments;
    Deliveries deliveries: Queue<Delivery> = &deployment.deliveries;
    Clock clock: SystemClock = &SystemClock;
    Observer observer: () = &();
} }

/// Neither names nor digests of documents are kept: the ids in a dataset are its items' own, so the bucket keeps
/// the last document stored under an id.
impl Operator for Deployment {
    type Records = Table;
    type Secrets = SecretStore;

    fn records(&self) -> &Table {
        &self.table
    }

    fn secrets(&self) -> &SecretStore {
        &self.secrets
    }

    async fn put_workflow(
        &self,
        team: &str,
        workflow: &Workflow,
        secrets: &[(SecretRef, StageSecrets)],
    ) -> Result<(), PortError> {
        self.secrets.store(team, secrets).await?;
        if let Some(registry) = &self.registry {
            registry.list_workflow(team, workflow.id).await?;
        }
        self.table.store_workflow(team, workflow).await
    }

    async fn workflows(&self) -> Result<Vec<(String, Uuid)>, PortError> {
        self.table.stored_workflows().await
    }

    async fn put_documents(&self, documents: Vec<NewDocument>) -> Result<(), PortError> {
        let line = &Semaphore::new(UPLOADING as usize);
        stream::iter(documents)
            .map(|NewDocument { key, bytes, .. }| async move {
                let _share = line.acquire_many(share(bytes.len())).await;
                self.documents.upload(&key, bytes).await
            })
            .buffer_unordered(UPLOADS)
            .try_collect()
            .await
    }

    async fn parked(&self, limit: usize) -> Result<Vec<Option<DeadLetter>>, PortError> {
        let mut found = HashMap::new();
        while found.len() < limit {
            let letters = parked(&self.parked, Some(PEEK)).await?;
            let before = found.len();
            found.extend(letters.into_iter().map(|it| (it.message_id, it.letter)));
            if found.len() == before {
                break;
            }
        }
        Ok(found.into_values().collect())
    }

    async fn redrive(&self, limit: usize) -> Result<Redriven, PortError> {
        let mut redriven = Redriven::default();
        while redriven.sent.len() < limit {
            let letters = parked(&self.parked, None).await?;
            if letters.is_empty() {
                break;
            }
            for Parked {
                receipt, letter, ..
            } in letters
            {
                // A message that was received but not deleted comes back to the queue.
                if redriven.sent.len() == limit {
                    break;
                }
                let Some(assignment) = letter.and_then(|letter| redrive(&letter).ok()) else {
                    redriven.unreadable += 1;
                    continue;
                };
                for result in self.assign(vec![assignment.clone()]).await {
                    result?;
                }
                unpark(&self.parked, &receipt).await?;
                redriven.sent.push(assignment);
            }
        }
        Ok(redriven)
    }
}

/// An upload's share of the KiB that may be uploaded at the same time; a larger one takes all of them.
fn share(bytes: usize) -> u32 {
    let kibibytes = u32::try_from(bytes / 1024).unwrap_or(u32::MAX);
    kibibytes.saturating_add(1).min(UPLOADING)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_upload_never_asks_for_more_than_there_is() {
        for (bytes, kibibytes) in [
            (0, 1),
            (1024, 2),
            (4 * 1024 * 1024, UPLOADING),
            (usize::MAX, UPLOADING),
        ] {
            assert_eq!(share(bytes), kibibytes, "{bytes}");
        }
    }
}
