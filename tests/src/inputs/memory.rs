//! The dispatcher's and the dead-letter function's ports in memory: no faults but those of the input.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use ::workflow::Workflow;
use delivery::control::{StageControl, StageKey};
use delivery::format::Formatted;
use delivery::ports::*;
use delivery::*;
use serde::Serialize;
use uuid::Uuid;

#[derive(Default)]
pub(super) struct Memory {
    states: Mutex<BTreeMap<FileKey, FileState>>,
    sent: Mutex<Vec<String>>,
    workflow: Option<Arc<Workflow>>,
}

impl Memory {
    pub(super) fn new(workflow: Arc<Workflow>) -> Self {
        Self {
            workflow: Some(workflow),
            ..Self::default()
        }
    }

    /// The bodies sent to any queue.
    pub(super) fn sent(&self) -> Vec<String> {
        self.sent.lock().unwrap().clone()
    }
}

impl Clock for Memory {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000)
    }
}

impl FileStates for Memory {
    async fn get(&self, key: &FileKey) -> Result<Option<FileState>, PortError> {
        Ok(self.states.lock().unwrap().get(key).cloned())
    }

    async fn put(&self, next: &FileState) -> Result<(), WriteError> {
        let mut states = self.states.lock().unwrap();
        let found = states.get(&next.key).cloned();
        if found.as_ref().map_or(0, |state| state.version) + 1 != next.version {
            return Err(WriteError::Conflict(found.map(Box::new)));
        }
        states.insert(next.key.clone(), next.clone());
        Ok(())
    }
}

impl History for Memory {
    async fn attempt(&self, _record: &AttemptRecord) -> Result<(), PortError> {
        Ok(())
    }

    async fn visit(&self, _record: &VisitRecord) -> Result<(), PortError> {
        Ok(())
    }

    async fn find_visit(
        &self,
        _key: &FileKey,
        _visit_id: Uuid,
    ) -> Result<Option<VisitRecord>, PortError> {
        Ok(None)
    }

    async fn rejection(&self, _record: &Rejection) -> Result<(), PortError> {
        Ok(())
    }
}

impl Workflows for Memory {
    async fn workflow(&self, _team: &str, id: Uuid) -> Result<Option<Arc<Workflow>>, PortError> {
        Ok(self.workflow.clone().filter(|workflow| workflow.id == id))
    }
}

/// No stage is ever in trouble.
impl Controls for Memory {
    async fn control(&self, _stage: &StageKey) -> Result<StageControl, PortError> {
        Ok(StageControl::default())
    }

    async fn put_control(
        &self,
        _stage: &StageKey,
        _next: &StageControl,
    ) -> Result<(), ControlWriteError> {
        Ok(())
    }
}

impl<M: Formatted + Serialize + Send> SendMessages<M> for Memory {
    async fn send(&self, messages: Vec<Outgoing<M>>) -> Vec<Result<(), PortError>> {
        let bodies = messages.iter().map(Outgoing::body);
        bodies
            .map(|body| body.map(|body| self.sent.lock().unwrap().push(body)))
            .collect()
    }
}

impl Documents for Memory {
    type Reader = Infallible;

    async fn open(
        &self,
        _key: &FileKey,
        _document: Option<&DocumentRef>,
    ) -> Result<Document<Infallible>, DocumentError> {
        Err(DocumentError::Reason(Reason::DocumentMissing))
    }

    async fn store(&self, _key: &FileKey, _document: Bytes) -> Result<(), PortError> {
        Ok(())
    }
}

delivery::port_set! { impl StepPorts for Memory as memory {
    States states: Self = memory;
    History history: Self = memory;
    Workflows workflows: Self = memory;
    Controls controls: Self = memory;
    Deliveries deliveries: Self = memory;
    Assignments assignments: Self = memory;
    Parked parked: Self = memory;
    Documents documents: Self = memory;
    Events events: NoEvents = &NoEvents;
    Clock clock: Self = memory;
    Observer observer: () = &();
} }
