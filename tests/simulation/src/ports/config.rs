//! Workflows, secrets and documents: always there, and never changing here.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use delivery::ports::{DocumentError, Documents, Freshness, PortError, Secrets, Workflows};
use delivery::{Document, DocumentRef, FileKey};
use uuid::Uuid;
use workflow::{SecretRef, StageSecrets, Workflow};

use super::Sim;

impl Workflows for Sim {
    async fn workflow(&self, _team: &str, _id: Uuid) -> Result<Option<Arc<Workflow>>, PortError> {
        self.effect("workflow", |world| Some(world.workflow_read()))
            .await
    }
}

impl Secrets for Sim {
    async fn stage_secrets(
        &self,
        _: &str,
        _reference: &SecretRef,
        _freshness: Freshness,
    ) -> Result<Option<StageSecrets>, PortError> {
        self.effect("secrets", |_| Some(StageSecrets::default()))
            .await
    }
}

impl Documents for Sim {
    type Reader = Infallible;

    async fn open(
        &self,
        _key: &FileKey,
        _document: Option<&DocumentRef>,
    ) -> Result<Document<Infallible>, DocumentError> {
        self.effect("document", |_| Document::Bytes(Bytes::from_static(b"{}")))
            .await
            .map_err(DocumentError::Port)
    }

    async fn store(&self, _key: &FileKey, _document: Bytes) -> Result<(), PortError> {
        self.effect("keep", |_| ()).await
    }
}
