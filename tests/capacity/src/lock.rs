use std::sync::{Mutex, MutexGuard, PoisonError};

/// Locks. A panic elsewhere ends the run anyway, so poison says nothing.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
