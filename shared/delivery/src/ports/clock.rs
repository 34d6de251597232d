use uuid::Uuid;

use crate::time::Timestamp;

/// The wall clock and random ids: all that makes two runs differ.
pub trait Clock: Send + Sync {
    /// The current time.
    fn now(&self) -> Timestamp;

    /// A new random id.
    fn unique_id(&self) -> Uuid {
        Uuid::new_v4()
    }
}

/// The system's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        std::time::SystemTime::now().into()
    }
}
