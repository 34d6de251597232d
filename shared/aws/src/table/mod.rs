//! The DynamoDB table. It has each file's record and history under the file's key, and the workflows with
//! the control records of their stages.

mod compact;
mod controls;
mod history;
mod index;
mod item;
mod lists;
mod states;
mod stored;
mod unfinished;
mod workflows;

#[doc(hidden)]
pub use states::{item as record_item, state as read_record};

use std::sync::Arc;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use uuid::Uuid;

use crate::environment::{Environment, EnvironmentError};

use crate::cache::Cache;

use controls::Written;
use stored::Stored;

/// The DynamoDB table.
///
/// | `pk` | `sk` | what |
/// |---|---|---|
/// | `FILE#<team>#<item>` | `STATE` | the record; `version` is what its writes are conditional on |
/// | same | `VISIT#<id>`, `ATTEMPT#<delivery>#<n>`, `REJECTION#<assignment>#<role>` | the history |
/// | `WORKFLOW#<team>#<id>` | `WORKFLOW` | the workflow's JSON, without secrets |
/// | same | `CONTROL#<stage>` | the stage's control record as JSON; `version` is what its writes are conditional on |
///
/// There are two sparse, keys-only indexes: `at-rest` lists files at rest by stage, and `failed` files whose last
/// webhook failed by the stage of that webhook. For a delivery that succeeds only the first is written. Each
/// stage has four index keys, because one key allows 1,000 writes per second, and a key at its limit throttles
/// writes to the table itself.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
    history_days: Option<u32>,
    workflows: Arc<Cache<WorkflowKey, Arc<Stored>>>,
    written: Arc<Written>,
}

/// The team and id of a workflow.
type WorkflowKey = (String, Uuid);

/// The most workflows that are cached.
const WORKFLOWS: usize = 1000;

impl Table {
    /// The table with this name. Attempts and rejections are kept for `history_days`, or without it for ever.
    #[must_use]
    pub fn new(config: &SdkConfig, name: impl Into<String>, history_days: Option<u32>) -> Self {
        Self {
            client: Client::new(config),
            name: name.into(),
            history_days,
            workflows: Arc::new(Cache::new(WORKFLOWS)),
            written: Arc::default(),
        }
    }

    /// The table of a function: `TABLE_NAME` and `ATTEMPT_HISTORY_DAYS` (0 keeps for ever; 90 by default).
    ///
    /// # Errors
    /// [`EnvironmentError`] that names the variable.
    pub fn of(config: &SdkConfig, environment: Environment) -> Result<Self, EnvironmentError> {
        let days = environment.number("ATTEMPT_HISTORY_DAYS", 90)?;
        let name = environment.required("TABLE_NAME")?;
        Ok(Self::new(config, name, (days > 0).then_some(days)))
    }

    /// Opens a connection before the first message needs it, at the cost of half a read unit. An error is ignored,
    /// because the first message will meet it too.
    pub async fn warm(&self) {
        let key = item::text("WARM");
        let get = self.client.get_item().table_name(&self.name);
        let _ = get.key("pk", key.clone()).key("sk", key).send().await;
    }
}
