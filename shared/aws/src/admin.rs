//! What an operator does with a deployment from outside its functions.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aws_config::SdkConfig;
use bytes::Bytes;
use delivery::machine::redrive;
use delivery::ports::{Outgoing, PortError, SendMessages, SystemClock, Workflows};
use delivery::{Assignment, DeadLetter, Delivery, FileKey};
use uuid::Uuid;
use workflow::{ImportError, Imported, SecretRef, StageSecrets, Warning, Workflow};

use crate::documents::Bucket;
use crate::queue::{Parked, Queue, parked, unpark};
use crate::secrets::SecretStore;
use crate::stack::Names;
use crate::table::Table;

/// How long a parked letter stays hidden from others while it is looked at.
const PEEK: Duration = Duration::from_secs(5);

/// Stores workflows, assigns files, and redrives dead letters.
#[derive(Clone, Debug)]
pub struct Admin {
    table: Table,
    assignments: Queue<Assignment>,
    deliveries: Queue<Delivery>,
    dead_letters: Queue<DeadLetter>,
    documents: Bucket,
    secrets: SecretStore,
}

/// A workflow could not be stored.
#[derive(Debug, thiserror::Error)]
pub enum PutWorkflowError {
    /// The workflow cannot run, and nothing was stored.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The deployment failed. It is safe to store the workflow again.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl PutWorkflowError {
    /// The stable machine code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Import(_) => "workflow_invalid",
            Self::Port(error) => error.kind.code(),
        }
    }
}

/// A workflow that was stored.
#[derive(Debug)]
pub struct Stored {
    /// The workflow as it was stored, without secrets.
    pub workflow: Workflow,
    /// Warnings about it.
    pub warnings: Vec<Warning>,
    /// The number of stages whose secrets were stored with it.
    pub secrets: usize,
}

/// The result of redriving parked dead letters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redriven {
    /// How many were assigned again.
    pub sent: usize,
    /// How many were left parked, because they do not contain a valid message and would only come back.
    pub unreadable: usize,
}

impl Admin {
    /// An admin of the deployment with these names.
    #[must_use]
    pub fn new(config: &SdkConfig, names: &Names) -> Self {
        Self {
            table: Table::new(config, &names.table, None),
            assignments: Queue::new(config, &names.assignments_queue_url),
            deliveries: Queue::new(config, &names.deliveries_queue_url),
            dead_letters: Queue::new(config, &names.dead_letters_queue_url),
            documents: Bucket::new(config, &names.documents_bucket),
            secrets: SecretStore::new(config, &names.secrets_prefix),
        }
    }

    /// The table: records, history and lists.
    #[must_use]
    pub const fn table(&self) -> &Table {
        &self.table
    }

    /// Stores a team's workflow from V7's JSON; it takes effect within seconds.
    ///
    /// Its secrets are stored first, in Secrets Manager, so that a stored workflow never refers to secrets that
    /// do not exist yet. Stages that refer to their secrets keep the reference.
    ///
    /// # Errors
    /// [`PutWorkflowError`].
    pub async fn put_workflow(&self, team: &str, json: &[u8]) -> Result<Stored, PutWorkflowError> {
        let Imported {
            workflow,
            secrets,
            warnings,
            ..
        } = Workflow::import(json)?;
        self.store_workflow(team, &workflow, &secrets).await?;
        Ok(Stored {
            workflow,
            warnings,
            secrets: secrets.len(),
        })
    }

    /// Stores a workflow from which the secrets were already taken out, and before it the secrets.
    ///
    /// # Errors
    /// [`PortError`] when a store fails. It is safe to store the workflow again.
    pub async fn store_workflow(
        &self,
        team: &str,
        workflow: &Workflow,
        secrets: &[(SecretRef, StageSecrets)],
    ) -> Result<(), PortError> {
        for (reference, secrets) in secrets {
            self.secrets.store(team, reference, secrets).await?;
        }
        self.table.store_workflow(team, workflow).await
    }

    /// Stores a file's document, which is used by assignments that do not name one.
    ///
    /// # Errors
    /// [`PortError`] when the bucket fails.
    pub async fn store_document(&self, key: &FileKey, bytes: Bytes) -> Result<(), PortError> {
        self.documents.upload(key, bytes).await
    }

    /// A team's workflow as it is stored, without secrets.
    ///
    /// # Errors
    /// [`PortError`] when the table fails.
    pub async fn workflow(&self, team: &str, id: Uuid) -> Result<Option<Arc<Workflow>>, PortError> {
        self.table.workflow(team, id).await
    }

    /// Sends assignments; one result for each, in order.
    pub async fn assign(&self, assignments: Vec<Assignment>) -> Vec<Result<(), PortError>> {
        let outgoing = assignments.into_iter().map(now).collect();
        self.assignments.send(outgoing).await
    }

    /// Assigns the files of up to `most` parked dead letters again, see [`redrive`]. Each letter is deleted only
    /// after its assignment was sent, so this can be interrupted and safely run again.
    ///
    /// # Errors
    /// [`PortError`] when a queue fails; what was redriven before stays redriven.
    pub async fn redrive(&self, most: usize) -> Result<Redriven, PortError> {
        let mut redriven = Redriven::default();
        while redriven.sent < most {
            let letters = parked(&self.dead_letters, None).await?;
            if letters.is_empty() {
                break;
            }
            for Parked {
                receipt, letter, ..
            } in letters
            {
                // A message that was received but not deleted comes back to the queue.
                if redriven.sent == most {
                    break;
                }
                if self.send_back(letter).await? {
                    unpark(&self.dead_letters, &receipt).await?;
                    redriven.sent += 1;
                } else {
                    redriven.unreadable += 1;
                }
            }
        }
        Ok(redriven)
    }

    /// About `most` parked dead letters at most, with none for each that cannot be read. They are visible on the
    /// queue again after [`PEEK`].
    ///
    /// # Errors
    /// [`PortError`] when the queue fails.
    pub async fn parked(&self, most: usize) -> Result<Vec<Option<DeadLetter>>, PortError> {
        let mut found = HashMap::new();
        while found.len() < most {
            let letters = parked(&self.dead_letters, Some(PEEK)).await?;
            let before = found.len();
            found.extend(letters.into_iter().map(|it| (it.message_id, it.letter)));
            if found.len() == before {
                break;
            }
        }
        Ok(found.into_values().collect())
    }

    async fn send_back(&self, letter: Option<DeadLetter>) -> Result<bool, PortError> {
        let Some(letter) = letter else {
            return Ok(false);
        };
        let Ok(assignment) = redrive(&letter) else {
            return Ok(false);
        };
        let sent = self.assignments.send(vec![now(assignment)]).await;
        for result in sent {
            result?;
        }
        Ok(true)
    }
}

const fn now<M>(message: M) -> Outgoing<M> {
    Outgoing {
        message,
        delay: Duration::ZERO,
    }
}

delivery::port_set! { impl AuditPorts for Admin as admin {
    Unfinished unfinished: Table = &admin.table;
    Assignments assignments: Queue<Assignment> = &admin.assignments;
    Deliveries deliveries: Queue<Delivery> = &admin.deliveries;
    Clock clock: SystemClock = &SystemClock;
    Observer observer: () = &();
} }
