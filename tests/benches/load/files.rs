//! Files with documents of the size the peers were measured with.

use bytes::Bytes;
use delivery::machine::visit_id_of;
use delivery::ports::{Outgoing, SendMessages};
use delivery::{Assignment, FileKey};
use embedded::Engine;
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;
use uuid::Uuid;
use workflow::{Actor, Role};

/// Bytes of a document, unless a scenario is about them.
pub(crate) const SIZE: usize = 2005;

/// Documents stored, or assignments sent, in one go; of large documents fewer, which have as many bytes.
const BATCH: usize = 500;
const BATCH_BYTES: usize = 64 * 1024 * 1024;

/// Whose the files are.
pub(crate) const TEAM: &str = "load";

/// A file and the call it is to cause.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) assignment: Assignment,
    /// What the receiver will see as `webhook-id`.
    pub(crate) delivery_id: Uuid,
}

impl File {
    pub(crate) fn new(
        workflow_id: Uuid,
        stage_id: Uuid,
        assignment_id: Uuid,
        item_id: Uuid,
    ) -> Self {
        let assignment = Assignment {
            assignment_id,
            team: TEAM.to_owned(),
            workflow_id,
            stage_id,
            item_id,
            assigned_by: Actor::User {
                id: Some(42),
                role: Role::Admin,
            },
            assignee: None,
            document: None,
            trace: None,
            waits: 0,
        };
        Self {
            delivery_id: visit_id_of(&assignment),
            assignment,
        }
    }

    pub(crate) fn key(&self) -> FileKey {
        self.assignment.key()
    }
}

/// Makes files and stores their documents; none is assigned yet.
pub(crate) async fn store(
    engine: &Engine,
    workflow_id: Uuid,
    stage_id: Uuid,
    count: usize,
    size: usize,
) -> Vec<File> {
    let files: Vec<File> = (0..count)
        .map(|_| File::new(workflow_id, stage_id, Uuid::new_v4(), Uuid::new_v4()))
        .collect();
    for batch in files.chunks((BATCH_BYTES / size).clamp(1, BATCH)) {
        let stored = batch.iter().map(|file| async {
            let key = file.key();
            let document = document(key.item_id, size);
            engine.store_document(&key, document).await
        });
        for stored in join_all(stored).await {
            stored.unwrap();
        }
    }
    files
}

/// Puts the files' assignments on the queue.
pub(crate) async fn assign(engine: &Engine, files: &[File]) {
    for batch in files.chunks(BATCH) {
        let messages = batch.iter().map(|file| Outgoing {
            message: file.assignment.clone(),
            delay: Duration::ZERO,
        });
        for sent in engine.send(messages.collect::<Vec<_>>()).await {
            sent.unwrap();
        }
    }
}

/// A document of exactly so many bytes, which has more annotations the larger it is.
pub(crate) fn document(item_id: Uuid, size: usize) -> Bytes {
    let item = json!({
        "name": "front.jpg", "path": "/", "slots": [],
        "source_info": {"item_id": item_id, "team": {"slug": TEAM}, "dataset": {"slug": "load"}},
    });
    let mut document = format!(r#"{{"version":"2.0","item":{item},"annotations":["#);
    let annotation = |padding: usize| format!(r#"{{"id":"1","name":"{}"}}"#, "x".repeat(padding));
    let (whole, end) = (annotation(1000), "]}");
    while document.len() + 2 * (whole.len() + 1) + end.len() < size {
        document.push_str(&whole);
        document.push(',');
    }
    let rest = size - document.len() - annotation(0).len() - end.len();
    document.push_str(&annotation(rest));
    document.push_str(end);
    document.into()
}
