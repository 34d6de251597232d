use std::collections::HashMap;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::ProvideErrorMetadata;
use aws_types::SdkConfig;
use delivery::ports::PortError;

use crate::error::port_error;
use crate::table::AtRestIndex;

/// The prefix of the tags of the assignments queue that name the deployment's other parts.
const TAG: &str = "webhook-stage:";

/// SQS gives the first in a header of its answer, and the second in the body.
const ABSENT: [&str; 2] = [
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
];

/// The names of a deployment's parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The table.
    pub table: String,
    /// The table of the API; none in a deployment without it.
    pub registry: Option<String>,
    /// The assignments queue.
    pub assignments_queue_url: String,
    /// The deliveries queue.
    pub deliveries_queue_url: String,
    /// The queue in which dead letters are parked.
    pub parked_queue_url: String,
    /// The document bucket.
    pub documents_bucket: String,
    /// The prefix of the names of secrets.
    pub secrets_prefix: String,
    /// Whether each team has one secret, or else each stage.
    pub secret_per_team: bool,
    /// The table's index of files at rest.
    pub index_at_rest: AtRestIndex,
    /// The ARN of the KMS key that new secrets are encrypted with; without one, Secrets Manager uses its own.
    pub kms_key: Option<String>,
}

/// A stack's parts could not be found.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// There is no such stack in this account and region.
    #[error(
        "there is no stack \"{stack}\" in this account and region: its queue {queue} does not exist"
    )]
    NotFound {
        /// The stack.
        stack: String,
        /// The first queue that is missing.
        queue: String,
    },
    /// Its assignments queue lacks a tag.
    #[error(
        "the queue {stack}-assignments has no tag {TAG}{tag}: it belongs to another product, or its stack was deployed by another version"
    )]
    Tag {
        /// The stack.
        stack: String,
        /// The first tag that is missing.
        tag: &'static str,
    },
    /// SQS failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl StackError {
    /// The stable machine code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "stack_not_found",
            Self::Tag { .. } => "stack_tag_missing",
            Self::Port(error) => error.kind.code(),
        }
    }
}

impl Names {
    /// Finds the parts of the stack with this name: its queues are named after it, and the tags of the assignments
    /// queue name the other parts.
    ///
    /// # Errors
    /// [`StackError`].
    pub async fn of_stack(config: &SdkConfig, stack: &str) -> Result<Self, StackError> {
        let client = Client::new(config);
        let assignments_queue_url = queue_url(&client, stack, "assignments").await?;
        let tags = client
            .list_queue_tags()
            .queue_url(&assignments_queue_url)
            .send()
            .await
            .map_err(|error| port_error("list the tags of the assignments queue", &error))?;
        let mut tags = tags.tags.unwrap_or_default();
        // An older deployment has no such tags. A scan then finds every file, and secrets are found in either form.
        let per_team = tags.remove(&format!("{TAG}secret-per-team"));
        let index = tags.remove(&format!("{TAG}index-files-at-rest"));
        Ok(Self {
            secret_per_team: per_team.as_deref() == Some("true"),
            index_at_rest: index
                .and_then(|value| value.parse().ok())
                .unwrap_or_default(),
            table: take(&mut tags, stack, "table")?,
            registry: tags.remove(&format!("{TAG}registry")),
            deliveries_queue_url: queue_url(&client, stack, "deliveries").await?,
            parked_queue_url: queue_url(&client, stack, "parked").await?,
            assignments_queue_url,
            documents_bucket: take(&mut tags, stack, "documents-bucket")?,
            secrets_prefix: take(&mut tags, stack, "secrets-prefix")?,
            kms_key: tags.remove(&format!("{TAG}kms-key")),
        })
    }
}

async fn queue_url(client: &Client, stack: &str, name: &str) -> Result<String, StackError> {
    let queue = format!("{stack}-{name}");
    let not_found = |queue| StackError::NotFound {
        stack: stack.to_owned(),
        queue,
    };
    match client.get_queue_url().queue_name(&queue).send().await {
        Ok(found) => found.queue_url.ok_or_else(|| not_found(queue)),
        Err(error) if error.code().is_some_and(|code| ABSENT.contains(&code)) => {
            Err(not_found(queue))
        }
        Err(error) => Err(port_error("find the stack's queues", &error).into()),
    }
}

fn take(
    tags: &mut HashMap<String, String>,
    stack: &str,
    tag: &'static str,
) -> Result<String, StackError> {
    tags.remove(&format!("{TAG}{tag}"))
        .ok_or_else(|| StackError::Tag {
            stack: stack.to_owned(),
            tag,
        })
}
