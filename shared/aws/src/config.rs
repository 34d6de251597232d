use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

/// The configuration of all clients of a process: region, credentials and endpoint come from the environment,
/// retries and timeouts are set here.
///
/// An AWS call must end well within an invocation: 2 s to connect, 3 s per attempt, 3 attempts, 8 s in all. A
/// call that still fails is repeated when its message comes back from the queue. An operator's uploads have
/// their own timeouts, see `Bucket::upload`.
pub async fn sdk_config() -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(8))
        .build();
    aws_config::defaults(BehaviorVersion::latest())
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts)
        .load()
        .await
}
