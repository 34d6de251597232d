use uuid::Uuid;

use crate::time::Timestamp;

/// Wall clock, and the one other thing that is never the same twice.
pub trait Clock: Send + Sync {
    /// Now.
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
