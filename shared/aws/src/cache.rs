use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use delivery::ports::{PortError, PortErrorKind};
use tokio::time::Instant;

/// Caches what was read for a limited time. One task reads and the others wait for it, so that a batch of
/// deliveries on a cold start does not read the same secret ten times.
///
/// Ages are by the wall clock, because a monotonic one may stand still while a function is frozen between
/// invocations.
pub(crate) struct Cache<K, V> {
    slots: Mutex<HashMap<K, Arc<tokio::sync::Mutex<Slot<V>>>>>,
    most: usize,
    now: fn() -> SystemTime,
}

struct Slot<V> {
    read: Option<(SystemTime, Option<V>)>,
    failed: Option<(Instant, PortErrorKind)>,
}

/// How old an answer may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MaxAge {
    /// A value.
    pub(crate) found: Duration,
    /// The answer that there is no value, since one may be stored at any moment.
    pub(crate) absent: Duration,
}

impl<K: Clone + Eq + Hash, V: Clone> Cache<K, V> {
    /// A cache of at most `most` values; one more empties it.
    pub(crate) fn new(most: usize) -> Self {
        Self {
            slots: Mutex::default(),
            most,
            now: SystemTime::now,
        }
    }

    /// A cache with another clock, for tests.
    #[cfg(any(test, feature = "secretsmanager"))]
    pub(crate) fn by(self, now: fn() -> SystemTime) -> Self {
        Self { now, ..self }
    }

    /// The value, read again if it is too old. A failed read does not change what is cached.
    pub(crate) async fn get<F>(
        &self,
        key: &K,
        age: MaxAge,
        what: &'static str,
        read: impl FnOnce() -> F,
    ) -> Result<Option<V>, PortError>
    where
        F: Future<Output = Result<Option<V>, PortError>>,
    {
        let asked = Instant::now();
        let slot = self.slot(key);
        let mut slot = slot.lock().await;
        if let Some((read, value)) = &slot.read {
            let most = if value.is_some() {
                age.found
            } else {
                age.absent
            };
            // If the clock was set back, the age is not known.
            let age = (self.now)().duration_since(*read);
            if age.is_ok_and(|age| age < most) {
                return Ok(value.clone());
            }
        }
        // Tasks that waited during a failed read share its error. Otherwise they would read one after the
        // other, and each would wait for a timeout of its own.
        if let Some((at, kind)) = slot.failed
            && at > asked
        {
            return Err(PortError::new(kind, what));
        }
        let began = (self.now)();
        match read().await {
            Ok(value) => {
                slot.read = Some((began, value.clone()));
                slot.failed = None;
                Ok(value)
            }
            Err(error) => {
                slot.failed = Some((Instant::now(), error.kind));
                Err(error)
            }
        }
    }

    /// Removes a value that was just replaced.
    pub(crate) fn forget(&self, key: &K) {
        self.lock().remove(key);
    }

    fn slot(&self, key: &K) -> Arc<tokio::sync::Mutex<Slot<V>>> {
        let mut slots = self.lock();
        if slots.len() >= self.most && !slots.contains_key(key) {
            slots.clear();
        }
        Arc::clone(slots.entry(key.clone()).or_insert_with(|| {
            Arc::new(tokio::sync::Mutex::new(Slot {
                read: None,
                failed: None,
            }))
        }))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<K, Arc<tokio::sync::Mutex<Slot<V>>>>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shows neither keys nor values, because some are secrets.
impl<K, V> fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::join_all;

    use super::*;

    thread_local! {
        /// The time of the wall clock, which each test sets; the monotonic clock stands still in the meantime.
        static NOW: std::cell::Cell<SystemTime> = const { std::cell::Cell::new(SystemTime::UNIX_EPOCH) };
    }

    fn cache() -> Cache<u32, u32> {
        pass(Duration::from_secs(1 << 30));
        Cache::new(10).by(|| NOW.get())
    }

    fn pass(time: Duration) {
        NOW.set(NOW.get() + time);
    }

    const AGE: MaxAge = MaxAge {
        found: Duration::from_secs(300),
        absent: Duration::from_secs(5),
    };

    /// A store whose reads take a second and are counted.
    struct Store {
        reads: AtomicU32,
        answer: Mutex<Result<Option<u32>, PortErrorKind>>,
    }

    impl Store {
        fn new(answer: Option<u32>) -> Self {
            Self {
                reads: AtomicU32::new(0),
                answer: Mutex::new(Ok(answer)),
            }
        }

        fn answers(&self, answer: Result<Option<u32>, PortErrorKind>) {
            *self.answer.lock().unwrap() = answer;
        }

        async fn get(&self, cache: &Cache<u32, u32>) -> Result<Option<u32>, PortErrorKind> {
            self.get_within(cache, AGE).await
        }

        async fn get_within(
            &self,
            cache: &Cache<u32, u32>,
            age: MaxAge,
        ) -> Result<Option<u32>, PortErrorKind> {
            let read = || async {
                self.reads.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_secs(1)).await;
                self.answer
                    .lock()
                    .unwrap()
                    .map_err(|kind| PortError::new(kind, "read"))
            };
            cache
                .get(&1, age, "read", read)
                .await
                .map_err(|error| error.kind)
        }

        fn reads(&self) -> u32 {
            self.reads.load(Ordering::SeqCst)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_is_read_once_until_it_is_too_old() {
        let (cache, store) = (cache(), Store::new(Some(7)));
        let all = join_all((0..50).map(|_| store.get(&cache))).await;
        assert_eq!((all, store.reads()), (vec![Ok(Some(7)); 50], 1));
        pass(Duration::from_secs(299));
        store.get(&cache).await.unwrap();
        assert_eq!(store.reads(), 1);
        pass(Duration::from_secs(1));
        store.get(&cache).await.unwrap();
        assert_eq!(store.reads(), 2);
        NOW.set(NOW.get() - Duration::from_secs(3600));
        store.get(&cache).await.unwrap();
        assert_eq!(store.reads(), 3, "the clock was set back");
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_not_there_is_looked_for_again_soon() {
        let (cache, store) = (cache(), Store::new(None));
        assert_eq!(store.get(&cache).await, Ok(None));
        assert_eq!(store.get(&cache).await, Ok(None));
        assert_eq!(store.reads(), 1);
        store.answers(Ok(Some(8)));
        pass(Duration::from_secs(5));
        assert_eq!(store.get(&cache).await, Ok(Some(8)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_read_is_shared_by_those_that_waited_and_keeps_the_value() {
        let (cache, store) = (cache(), Store::new(Some(7)));
        store.get(&cache).await.unwrap();
        store.answers(Err(PortErrorKind::Throttled));
        let latest = MaxAge {
            found: Duration::ZERO,
            absent: Duration::ZERO,
        };
        let all = join_all((0..20).map(|_| store.get_within(&cache, latest))).await;
        assert_eq!(all, vec![Err(PortErrorKind::Throttled); 20]);
        assert_eq!(store.reads(), 2);
        assert_eq!(store.get(&cache).await, Ok(Some(7)), "still young enough");
        store.answers(Ok(Some(9)));
        assert_eq!(store.get_within(&cache, latest).await, Ok(Some(9)));
    }

    #[tokio::test]
    async fn it_never_holds_more_than_its_bound() {
        let cache = Cache::new(3);
        for key in 0..100_u32 {
            let read = || async move { Ok(Some(key)) };
            let got = cache.get(&key, AGE, "read", read).await.unwrap();
            assert_eq!(got, Some(key));
            assert!(cache.lock().len() <= 3);
        }
    }
}
