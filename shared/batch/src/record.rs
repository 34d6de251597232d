use aws_lambda_events::sqs::{SqsEvent, SqsMessage};

/// One record of the event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// SQS's id of the message; never empty.
    pub message_id: String,
    /// The message body; empty when the record has none.
    pub body: String,
    /// How often the message was received, including this time; 0 when SQS does not say.
    pub receive_count: u32,
    /// The ARN of the queue it came from; empty when SQS does not say.
    pub source_arn: String,
    /// The receipt handle of this receive; empty when SQS does not say.
    pub receipt_handle: String,
    /// The message group, where the message has one.
    pub group: Option<String>,
}

/// The event cannot be answered record by record.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// A record has no id. An answer with an empty `itemIdentifier` would silently return the whole batch to
    /// the queue; this error does the same, but says why.
    #[error("record {0} of the SQS event has no messageId, so the whole batch goes back")]
    NoMessageId(usize),
}

/// Splits the event into records.
///
/// # Errors
/// [`BatchError::NoMessageId`] when a record could not be named in the answer.
pub fn records(event: SqsEvent) -> Result<Vec<Record>, BatchError> {
    event
        .records
        .into_iter()
        .enumerate()
        .map(|(index, message)| record(index, message))
        .collect()
}

fn record(index: usize, message: SqsMessage) -> Result<Record, BatchError> {
    let message_id = message
        .message_id
        .filter(|id| !id.is_empty())
        .ok_or(BatchError::NoMessageId(index))?;
    let receive_count = message
        .attributes
        .get("ApproximateReceiveCount")
        .and_then(|count| count.parse().ok())
        .unwrap_or(0);
    let mut attributes = message.attributes;
    Ok(Record {
        message_id,
        body: message.body.unwrap_or_default(),
        receive_count,
        source_arn: message.event_source_arn.unwrap_or_default(),
        receipt_handle: message.receipt_handle.unwrap_or_default(),
        group: attributes.remove("MessageGroupId"),
    })
}
