use std::time::Duration;

use crate::time::Timestamp;

/// The time limit of the whole exchange if the stage does not set a `timeout`: 30 s.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How much longer than the call's deadline a claim lasts, so that the result can be recorded.
pub const LEASE_MARGIN: Duration = Duration::from_secs(15);

/// A call is started only if at least its timeout and this much time are left of the invocation.
pub const START_MARGIN: Duration = Duration::from_secs(2);

/// The limits on a call that the invocation sets.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// When the invocation ends.
    pub deadline: Timestamp,
    /// The timeout of stages that do not set one.
    pub default_timeout: Duration,
    /// The longest that any call may take, whatever its stage says; less than the invocation's timeout.
    pub longest_call: Duration,
    /// Whether the engine has a slow lane. One machine has none: there a place is free as soon as its call ends.
    pub lanes: bool,
}
