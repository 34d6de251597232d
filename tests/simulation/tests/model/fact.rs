use std::cmp::Ordering;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use serde::Serialize;

/// A value that many worlds share. It is known by a hash of all that would be stored of it, so that
/// comparing worlds costs nothing, and a field that is added later is compared too.
#[derive(Debug)]
pub(crate) struct Fact<T>(Arc<Known<T>>);

#[derive(Debug)]
struct Known<T> {
    value: T,
    hash: u64,
}

impl<T: Serialize> Fact<T> {
    pub(crate) fn new(value: T) -> Self {
        let mut hasher = DefaultHasher::new();
        serde_json::to_vec(&value).unwrap().hash(&mut hasher);
        let hash = hasher.finish();
        Self(Arc::new(Known { value, hash }))
    }
}

impl<T> Clone for Fact<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Fact<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0.value
    }
}

impl<T> PartialEq for Fact<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0.hash == other.0.hash
    }
}

impl<T> Eq for Fact<T> {}

impl<T> PartialOrd for Fact<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Fact<T> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.hash.cmp(&other.0.hash)
    }
}

impl<T> Hash for Fact<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash.hash(state);
    }
}
