//! The DynamoDB table. It has each file's record and history under the file's key, and the workflows with
//! the control records of their stages.

mod at_rest;
pub(crate) mod batch;
mod by_index;
mod by_scan;
mod compact;
mod controls;
mod history;
mod index;
pub(crate) mod item;
mod lists;
#[cfg(feature = "registry")]
mod records;
mod retention;
mod states;
mod stored;
mod unfinished;
mod workflows;

pub use at_rest::AtRestIndex;
#[doc(hidden)]
pub use states::{item as record_item, state as read_record};

use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_types::SdkConfig;
use uuid::Uuid;

use crate::agent::Agent;
use crate::environment::{Environment, EnvironmentError};

use crate::cache::Cache;

use controls::Written;
use retention::Retention;
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
/// The sparse, keys-only index `failed` lists the files at rest whose last webhook failed, by the stage of that webhook; a
/// delivery that succeeds costs it nothing. The index `at-rest` lists all files at rest by stage, and exists only if
/// it was asked for: see [`AtRestIndex`].
///
/// Items with the attribute `ttl` are deleted some days after that time.
#[derive(Clone, Debug)]
pub struct Table {
    client: Client,
    name: String,
    retention: Retention,
    index_at_rest: AtRestIndex,
    workflows: Arc<Cache<WorkflowKey, Arc<Stored>>>,
    written: Arc<Written>,
}

/// The team and id of a workflow.
type WorkflowKey = (String, Uuid);

/// The most workflows that are cached.
const WORKFLOWS: usize = 1000;

impl Table {
    /// The table with this name. Attempts and rejections are kept for `history_days`, or without it for ever; records and
    /// visits for ever. Files at rest have no index.
    #[must_use]
    pub fn new(config: &SdkConfig, name: impl Into<String>, history_days: Option<u32>) -> Self {
        let config = Builder::from(config).interceptor(Agent);
        Self {
            client: Client::from_conf(config.build()),
            name: name.into(),
            retention: Retention {
                attempts: history_days,
                finished: None,
            },
            index_at_rest: AtRestIndex::default(),
            workflows: Arc::new(Cache::new(WORKFLOWS)),
            written: Arc::default(),
        }
    }

    /// The same, with this index of files at rest.
    #[must_use]
    pub fn with_index_at_rest(self, index: AtRestIndex) -> Self {
        Self {
            index_at_rest: index,
            ..self
        }
    }

    /// The same, but the record of a complete file is kept for so many days after it was completed, and a visit after it
    /// was moved to the history. An assignment that is sent again after its file's record was deleted is a new
    /// delivery, so there must be more days than a queue keeps messages (14).
    #[must_use]
    pub fn with_finished_days(mut self, days: Option<u32>) -> Self {
        self.retention.finished = days;
        self
    }

    /// The table of a function: `TABLE_NAME`, `ATTEMPT_HISTORY_DAYS` (90 by default) and `FINISHED_FILE_DAYS` (0 by
    /// default), where 0 keeps for ever, and `INDEX_FILES_AT_REST` (`false` by default).
    ///
    /// # Errors
    /// [`EnvironmentError`] that names the variable.
    pub fn of(config: &SdkConfig, environment: Environment) -> Result<Self, EnvironmentError> {
        let days = |name, default| {
            let days = environment.number(name, default);
            days.map(|days: u32| (days > 0).then_some(days))
        };
        let index = environment.optional("INDEX_FILES_AT_REST");
        let index = index.map_or(Ok(AtRestIndex::default()), |value| value.parse());
        let index = index.map_err(|_| EnvironmentError::Invalid {
            name: "INDEX_FILES_AT_REST",
            expected: "false, partial or true",
        })?;
        let attempts = days("ATTEMPT_HISTORY_DAYS", 90)?;
        let name = environment.required("TABLE_NAME")?;
        Ok(Self::new(config, name, attempts)
            .with_finished_days(days("FINISHED_FILE_DAYS", 0)?)
            .with_index_at_rest(index))
    }

    /// For what belongs to the same deployment, and is read by the same client.
    #[cfg(feature = "registry")]
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// Opens a connection before the first message needs it, at the cost of half a read unit. An error is ignored,
    /// because the first message will meet it too.
    pub async fn warm(&self) {
        let key = item::text("WARM");
        let get = self.client.get_item().table_name(&self.name);
        let _ = get.key("pk", key.clone()).key("sk", key).send().await;
    }
}
