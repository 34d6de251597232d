use aws_config::SdkConfig;
use aws_sdk_cloudformation::Client;
use aws_sdk_cloudformation::error::ProvideErrorMetadata;
use delivery::ports::PortError;

use crate::error::port_error;

/// The names of a deployment's parts: the outputs of its stack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    /// The table.
    pub table: String,
    /// The assignments queue.
    pub assignments_queue_url: String,
    /// The deliveries queue.
    pub deliveries_queue_url: String,
    /// The queue that dead letters are parked in.
    pub dead_letters_queue_url: String,
    /// The document bucket.
    pub documents_bucket: String,
    /// What the names of secrets begin with.
    pub secrets_prefix: String,
}

/// A stack's outputs could not be had.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// There is no such stack, in this account and region.
    #[error("there is no stack \"{0}\" in this account and region")]
    NotFound(String),
    /// It is another product's stack, or is still coming up.
    #[error(
        "the stack \"{stack}\" has no output {output}: it is not this product's, or not up yet"
    )]
    Output {
        /// The stack.
        stack: String,
        /// The first output that is missing.
        output: &'static str,
    },
    /// CloudFormation failed.
    #[error(transparent)]
    Port(#[from] PortError),
}

impl StackError {
    /// The stable machine code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotFound(_) => "stack_not_found",
            Self::Output { .. } => "stack_output_missing",
            Self::Port(error) => error.kind.code(),
        }
    }
}

impl Names {
    /// From the outputs of the stack of this name.
    ///
    /// # Errors
    /// [`StackError`].
    pub async fn of_stack(config: &SdkConfig, stack: &str) -> Result<Self, StackError> {
        let found = Client::new(config)
            .describe_stacks()
            .stack_name(stack)
            .send()
            .await;
        let found = found.map_err(|error| {
            // CloudFormation has no code of its own for it.
            let absent = error
                .message()
                .is_some_and(|text| text.contains("does not exist"));
            if absent {
                StackError::NotFound(stack.to_owned())
            } else {
                port_error("describe the stack", &error).into()
            }
        })?;
        let stacks = found.stacks.unwrap_or_default();
        let outputs = stacks.first().map(|stack| stack.outputs());
        let outputs = outputs.unwrap_or_default();
        let output = |name: &'static str| {
            outputs
                .iter()
                .find(|output| output.output_key() == Some(name))
                .and_then(|output| output.output_value.clone())
                .ok_or_else(|| StackError::Output {
                    stack: stack.to_owned(),
                    output: name,
                })
        };
        Ok(Self {
            table: output("TableName")?,
            assignments_queue_url: output("AssignmentsQueueUrl")?,
            deliveries_queue_url: output("DeliveriesQueueUrl")?,
            dead_letters_queue_url: output("DeadLettersQueueUrl")?,
            documents_bucket: output("DocumentsBucket")?,
            secrets_prefix: output("SecretsPrefix")?,
        })
    }
}
