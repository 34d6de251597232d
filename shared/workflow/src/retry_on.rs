//! Which failed calls a stage repeats.

/// Which failed calls are repeated; all others end their delivery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetryOn {
    /// Whether calls are repeated that got no answer: no name, no connection, no TLS, no answer in time, or none that
    /// can be read.
    pub network: bool,
    /// First digits of statuses, 3 to 5.
    pub classes: Vec<u16>,
    /// Single statuses, 300 to 599.
    pub statuses: Vec<u16>,
}

impl RetryOn {
    /// Whether a call that was answered with this status is repeated.
    #[must_use]
    pub fn has_status(&self, status: u16) -> bool {
        self.classes.contains(&(status / 100)) || self.statuses.contains(&status)
    }
}
