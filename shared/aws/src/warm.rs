use std::future::Future;
use std::time::Duration;

/// The longest time for opening connections: a service that cannot be reached must not use up the time for
/// starting.
const LONGEST: Duration = Duration::from_secs(2);

/// Opens connections while the function starts, with more of a CPU than an invocation has, and stops when the time is over. Errors are ignored, because the first message that needs
/// the connection will meet them too.
///
/// Lambda bills the start like any other time, so this does not save money. It saves the first messages the time
/// to open one connection after the other.
pub async fn warm(warming: impl Future) {
    let _ = tokio::time::timeout(LONGEST, warming).await;
}
