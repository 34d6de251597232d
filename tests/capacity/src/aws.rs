//! What AWS documents of its services, the defaults of this project's template, and what is estimated because
//! nobody documents it.

use std::time::Duration;

/// `SenderMaximumConcurrency` of the template: how many invocations the event source mapping keeps running.
pub const PLACES: usize = 50;

/// `SlowLaneMaximumConcurrency` of the template: the same of the slow lane's mapping.
pub const SLOW_PLACES: usize = 10;

/// `SenderBatchSize` of the template: the most messages of one invocation.
pub const BATCH: usize = 10;

/// `SenderTimeout` of the template.
pub const FUNCTION_TIMEOUT: Duration = Duration::from_secs(120);

/// The longest call that the template allows with that timeout.
pub const LONGEST_CALL: Duration = Duration::from_secs(100);

/// Six times the function's timeout, as the Lambda Developer Guide advises ("Creating and configuring an Amazon SQS
/// event source mapping").
pub const VISIBILITY: Duration = Duration::from_secs(720);

/// How many invocations a mapping starts with. Lambda Developer Guide, "Configuring scaling behavior for SQS event
/// source mappings".
pub const FIRST_PLACES: usize = 5;

/// By how many invocations a minute it grows (the same page).
pub const PLACES_A_MINUTE: u32 = 300;

/// The unit of `DelaySeconds` and `VisibilityTimeout`. Amazon SQS API Reference, `SendMessage` and
/// `ChangeMessageVisibility`.
pub const DELAY_UNIT: Duration = Duration::from_secs(1);

/// Estimate: a read or write of one DynamoDB item, within the region.
pub const DYNAMODB: Duration = Duration::from_millis(5);

/// Estimate: `SendMessage` or `ChangeMessageVisibility`.
pub const SQS: Duration = Duration::from_millis(10);

/// Estimate: `GetObject` of a small document.
pub const S3: Duration = Duration::from_millis(25);

/// Estimate: `ReceiveMessage` by the mapping's poller, when messages are there.
pub const RECEIVE: Duration = Duration::from_millis(10);

/// Estimate: from the poller to the handler's first line, in an environment that is warm.
pub const INVOKE: Duration = Duration::from_millis(5);

/// Estimate: `DeleteMessageBatch` by the mapping's poller. Nobody documents whether a place is free before that.
pub const DELETE: Duration = Duration::from_millis(10);

/// Estimate: what a call needs of the processor, mostly for TLS, at 256 MB: a seventh of a core ("Configure Lambda
/// function memory": 1,769 MB are one). The calls of an invocation share it.
pub const CPU_A_CALL: Duration = Duration::from_millis(10);

/// Estimate: how soon a receiver that is down refuses a connection.
pub const REFUSAL: Duration = Duration::from_millis(10);

/// How long an environment may keep a workflow before it reads it again, as `shared/aws` does.
pub const WORKFLOW_AGE: Duration = Duration::from_secs(5);

/// What is paid for, in US dollars a million: us-east-1, on demand, as of 2026-11. Records are small, so each read or
/// write is one unit; messages are sent one by one, and received and deleted by tens.
#[derive(Clone, Copy, Debug)]
pub struct Price;

impl Price {
    /// Amazon DynamoDB pricing, on-demand read request units.
    pub const READ: f64 = 0.125;
    /// The same, write request units.
    pub const WRITE: f64 = 0.625;
    /// Amazon SQS pricing, requests to standard queues: one to send, a tenth each to receive and delete.
    pub const MESSAGE: f64 = 0.40 * 1.2;
    /// AWS Lambda pricing, Arm, seconds at 256 MB.
    pub const LAMBDA_SECOND: f64 = 13.333_4 / 4.0;
}
