use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use uuid::Uuid;
use workflow::{SecretRef, StageSecrets, Workflow};

use super::{
    AuditPorts, Controls, FileStates, Lists, Outgoing, PortError, Secrets, SendMessages, Workflows,
};
use crate::message::{Assignment, DeadLetter};
use crate::state::FileKey;

/// A document to store as an item's.
#[derive(Clone, Debug)]
pub struct NewDocument {
    /// The file.
    pub key: FileKey,
    /// The item's name for people.
    pub name: String,
    /// A digest of the bytes, to tell two documents with the same id apart.
    pub digest: Uuid,
    /// The document, byte for byte.
    pub bytes: Bytes,
}

/// The result of redriving parked dead letters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Redriven {
    /// The assignments that were sent.
    pub sent: Vec<Assignment>,
    /// How many letters were left parked, because they do not contain a valid message and would only come back.
    pub unreadable: usize,
}

/// What an operator does with an engine, from outside its functions: stores workflows and documents, assigns
/// files, looks at them, and redrives parked dead letters.
pub trait Operator: AuditPorts {
    /// Records, their history, workflows, and the stages' control records.
    type Records: FileStates + Lists + Workflows + Controls;
    /// The stages' secrets.
    type Secrets: Secrets;

    /// Records, their history, workflows, and the stages' control records.
    fn records(&self) -> &Self::Records;
    /// The stages' secrets.
    fn secrets(&self) -> &Self::Secrets;

    /// Stores a team's workflow, at most 380 KiB of JSON, in place of an earlier one with the same id; it takes
    /// effect within seconds. The secrets are stored first, apart from it and for this team only, so that a stored
    /// workflow never refers to secrets that do not exist yet. After an error it is safe to store it again.
    fn put_workflow(
        &self,
        team: &str,
        workflow: &Workflow,
        secrets: &[(SecretRef, StageSecrets)],
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// The team and id of every stored workflow, in order. On AWS this reads the whole table.
    fn workflows(&self) -> impl Future<Output = Result<Vec<(String, Uuid)>, PortError>> + Send;

    /// Stores documents, which assignments use that do not name one. Each replaces an earlier one of its item.
    /// After an error some may be stored; it is safe to store all of them again.
    fn put_documents(
        &self,
        documents: Vec<NewDocument>,
    ) -> impl Future<Output = Result<(), PortError>> + Send;

    /// Whether the item was last stored with this digest; always false on an engine that keeps no digests.
    fn has_document(
        &self,
        _key: &FileKey,
        _digest: Uuid,
    ) -> impl Future<Output = Result<bool, PortError>> + Send {
        std::future::ready(Ok(false))
    }

    /// The item's name for people; its id if no name is known, as always on an engine that keeps no names.
    fn name(&self, key: &FileKey) -> impl Future<Output = Result<String, PortError>> + Send {
        std::future::ready(Ok(key.item_id.to_string()))
    }

    /// Sends assignments without a delay, and returns one result for each, in order.
    fn assign(
        &self,
        assignments: Vec<Assignment>,
    ) -> impl Future<Output = Vec<Result<(), PortError>>> + Send {
        let delay = Duration::ZERO;
        let assignments = assignments.into_iter();
        let outgoing = assignments.map(|message| Outgoing { message, delay });
        self.assignments().send(outgoing.collect())
    }

    /// About `limit` parked dead letters at most, with none for each that cannot be read. They stay parked; for
    /// up to 5 s afterwards, others may not see them.
    fn parked(
        &self,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Option<DeadLetter>>, PortError>> + Send;

    /// Assigns the files of up to `limit` parked dead letters again, see
    /// [`machine::redrive`](crate::machine::redrive). Each letter is deleted only after its assignment was sent,
    /// so this can be interrupted and safely run again: an assignment that is sent twice has no second effect.
    /// Letters that cannot be read do not count towards the limit. After an error, what was redriven before
    /// stays redriven.
    fn redrive(&self, limit: usize) -> impl Future<Output = Result<Redriven, PortError>> + Send;
}
