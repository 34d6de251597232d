use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use delivery::ports::{PortError, PortErrorKind};

/// Watches whether the database can be written. A failed write is tried again by whoever asked for it, which is
/// right for a short while; but without this nothing would notice that the failure does not pass.
#[derive(Debug, Default)]
pub(crate) struct Health {
    trouble: Mutex<Option<(Instant, String)>>,
    damage: OnceLock<String>,
}

impl Health {
    pub(crate) fn failed(&self, cause: &str) {
        self.lock()
            .get_or_insert_with(|| (Instant::now(), cause.to_owned()));
    }

    pub(crate) fn wrote(&self) {
        *self.lock() = None;
    }

    /// The database is damaged, which does not pass.
    pub(crate) fn damaged(&self, cause: &str) {
        let _ = self.damage.set(cause.to_owned());
    }

    /// The error that has made every write fail for this long.
    pub(crate) fn fault(&self, longer_than: Duration) -> Option<PortError> {
        if let Some(cause) = self.damage.get() {
            let what = "read the database";
            return Some(PortError::caused(
                PortErrorKind::Corrupt,
                what,
                cause.clone(),
            ));
        }
        let trouble = self.lock();
        let (since, cause) = trouble.as_ref()?;
        (since.elapsed() > longer_than).then(|| {
            let what = "write to the database";
            PortError::caused(PortErrorKind::Unavailable, what, cause.clone())
        })
    }

    fn lock(&self) -> MutexGuard<'_, Option<(Instant, String)>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lasts_is_a_fault() {
        let health = Health::default();
        assert!(health.fault(Duration::ZERO).is_none());
        health.failed("the disk is full");
        assert!(health.fault(Duration::from_secs(60)).is_none());
        std::thread::sleep(Duration::from_millis(2));
        health.failed("another");
        let fault = health.fault(Duration::from_millis(1)).unwrap();
        assert_eq!(fault.source.unwrap().to_string(), "the disk is full");
        health.wrote();
        assert!(health.fault(Duration::ZERO).is_none());
    }
}
