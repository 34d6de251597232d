use std::convert::Infallible;

use bytes::Bytes;

use super::{DocumentError, Documents, Events, PortError, PortErrorKind, SendMessages};
use crate::control::Change;
use crate::document::{Document, DocumentRef};
use crate::event::FileLeft;
use crate::ports::Outgoing;
use crate::state::FileKey;

/// A port that a function does without, because none of its steps needs it. Its role grants no such action
/// either.
#[derive(Clone, Copy, Debug, Default)]
pub struct Absent;

fn absent() -> PortError {
    PortError::new(
        PortErrorKind::Forbidden,
        "use a port that this function does not have",
    )
}

impl<M: Send> SendMessages<M> for Absent {
    async fn send(&self, messages: Vec<Outgoing<M>>) -> Vec<Result<(), PortError>> {
        messages.iter().map(|_| Err(absent())).collect()
    }
}

impl Documents for Absent {
    type Reader = Infallible;

    async fn open(
        &self,
        _: &FileKey,
        _: Option<&DocumentRef>,
    ) -> Result<Document<Infallible>, DocumentError> {
        Err(DocumentError::Port(absent()))
    }

    async fn store(&self, _: &FileKey, _: Bytes) -> Result<(), PortError> {
        Err(absent())
    }
}

impl Events for Absent {
    async fn file_left(&self, _: &FileLeft) -> Result<(), PortError> {
        Err(absent())
    }

    async fn stage_changed(&self, _: &Change) -> Result<(), PortError> {
        Err(absent())
    }
}
