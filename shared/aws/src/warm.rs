use std::future::Future;
use std::time::Duration;

/// Longest warming: an engine out of reach must not use up the time there is for starting.
const LONGEST: Duration = Duration::from_secs(2);

/// Opens connections as far as that goes in time. Whoever needs them first sees what is wrong.
///
/// Lambda bills a start like any other time, so this saves no money. It saves the first messages the time of opening
/// one connection after the other.
pub(crate) async fn within(warming: impl Future) {
    let _ = tokio::time::timeout(LONGEST, warming).await;
}
