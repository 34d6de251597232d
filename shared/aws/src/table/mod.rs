//! One table: a file's record and history under the file's key, and the workflows.

mod compact;
mod history;
mod item;
mod lists;
mod states;
mod unfinished;
mod workflows;

#[doc(hidden)]
pub use states::{item as record_item, state as read_record};

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use uuid::Uuid;
use workflow::Workflow;

use crate::cache::Cache;

/// The DynamoDB table.
///
/// | `pk` | `sk` | what |
/// |---|---|---|
/// | `FILE#<team>#<item>` | `STATE` | the record; `version` is what its writes are conditional on |
/// | same | `VISIT#<id>`, `ATTEMPT#<delivery>#<n>`, `REJECTION#<assignment>#<role>` | the history |
/// | `WORKFLOW#<team>#<id>` | `WORKFLOW` | the workflow's JSON, without secrets |
///
/// Two sparse indexes, keys only: `at-rest` has files at rest by stage, `failed` those whose last
/// webhook failed by its stage. On the happy path only the first is written. Each stage has four
/// index keys: one key takes 1,000 writes a second, and a full one throttles the table itself.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
    history_days: Option<u32>,
    workflows: Arc<Cache<WorkflowKey, Arc<Workflow>>>,
}

/// Team and id.
type WorkflowKey = (String, Uuid);

/// Workflows held at most.
const WORKFLOWS: usize = 1000;

impl Table {
    /// The table of this name. Attempts and rejections are kept for `history_days`, for ever without.
    #[must_use]
    pub fn new(config: &SdkConfig, name: impl Into<String>, history_days: Option<u32>) -> Self {
        Self {
            client: Client::new(config),
            name: name.into(),
            history_days,
            workflows: Arc::new(Cache::new(WORKFLOWS)),
        }
    }

    /// Opens a connection before the first message needs it, for half a read unit. That it fails is no
    /// matter: the first message will say so.
    pub async fn warm(&self) {
        let key = item::text("WARM");
        let get = self.client.get_item().table_name(&self.name);
        let _ = get.key("pk", key.clone()).key("sk", key).send().await;
    }
}
