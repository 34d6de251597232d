use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;
use aws_smithy_types::timeout::TimeoutConfig;

/// An AWS call must end well within an invocation: 2 s to connect, 3 s per attempt, 3 attempts, 8 s in all. A
/// call that still fails is repeated when its message comes back from the queue. An operator's uploads have
/// their own timeouts, see `Bucket::upload`.
pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(8))
        .build()
}

/// See [`timeouts`].
pub(crate) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3)
}

/// The configuration of all clients of a command: region, credentials and endpoint come from wherever AWS's own tools
/// look for them.
#[cfg(feature = "operator")]
pub async fn sdk_config() -> aws_types::SdkConfig {
    aws_config::defaults(aws_config::BehaviorVersion::latest())
        .retry_config(retries())
        .timeout_config(timeouts())
        .load()
        .await
}
