use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use url::Url;

use crate::guard::{Guard, Target, TargetError};

/// The most URLs that are kept.
const MOST: usize = 1024;

/// The URLs that may be called, each parsed and checked once and not again with every call. What a URL's host resolves to
/// is another matter, and is checked with every connection.
#[derive(Clone, Default)]
pub(crate) struct Targets {
    known: Arc<Mutex<HashMap<String, Arc<Url>>>>,
}

impl Targets {
    /// The URL in this text.
    ///
    /// # Errors
    /// [`TargetError`] when it may not be called.
    pub(crate) fn get(&self, text: &str, guard: &Guard) -> Result<Arc<Url>, TargetError> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(url) = known.get(text) {
            return Ok(Arc::clone(url));
        }
        let url = Arc::new(Target::parse(text, guard)?.into_url());
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(text.to_owned(), Arc::clone(&url));
        Ok(url)
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST, Targets};
    use crate::guard::Guard;

    #[test]
    fn what_may_be_called_is_kept_and_nothing_else() {
        let (targets, guard) = (Targets::default(), Guard::default());
        for _ in 0..2 {
            let found = targets.get(" https://example.com/a?b#c", &guard);
            assert_eq!(found.ok().unwrap().as_str(), "https://example.com/a?b#c");
            assert!(targets.get("https://127.0.0.1/", &guard).is_err());
        }
        assert_eq!(targets.known.lock().unwrap().len(), 1);
        for n in 0..3 * MOST {
            targets
                .get(&format!("https://example.com/{n}"), &guard)
                .ok()
                .unwrap();
            assert!(targets.known.lock().unwrap().len() <= MOST);
        }
    }
}
