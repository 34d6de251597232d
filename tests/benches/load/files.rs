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

/// Bytes of a document.
const SIZE: usize = 2005;

/// Documents stored, or assignments sent, in one go.
const BATCH: usize = 500;

/// A file and the call it is to cause.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) assignment: Assignment,
    /// What the receiver will see as `webhook-id`.
    pub(crate) delivery_id: Uuid,
}

impl File {
    fn new(workflow_id: Uuid, stage_id: Uuid) -> Self {
        let assignment = Assignment {
            assignment_id: Uuid::new_v4(),
            team: "load".to_owned(),
            workflow_id,
            stage_id,
            item_id: Uuid::new_v4(),
            assigned_by: Actor::User {
                id: Some(42),
                role: Role::Admin,
            },
            document: None,
            trace: None,
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
) -> Vec<File> {
    let files: Vec<File> = (0..count)
        .map(|_| File::new(workflow_id, stage_id))
        .collect();
    for batch in files.chunks(BATCH) {
        let stored = batch.iter().map(|file| async {
            let key = file.key();
            engine.store_document(&key, document(key.item_id)).await
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

fn document(item_id: Uuid) -> Bytes {
    let with = |padding: usize| {
        let document = json!({
            "version": "2.0",
            "item": {
                "name": "front.jpg", "path": "/", "slots": [],
                "source_info": {"item_id": item_id, "team": {"slug": "load"}, "dataset": {"slug": "load"}},
            },
            "annotations": [{"id": "1", "name": "x".repeat(padding)}],
        });
        document.to_string()
    };
    with(SIZE - with(0).len()).into()
}
