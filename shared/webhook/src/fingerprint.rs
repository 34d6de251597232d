use sha2::{Digest, Sha256};

/// Tells secrets apart without keeping them: a SHA-256 of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of these parts in this order.
    pub(crate) fn of<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            // With its length, so that no part can run into the next.
            hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
            hash.update(part);
        }
        Self(hash.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn parts_do_not_run_into_each_other() {
        let of = |parts: &[&str]| Fingerprint::of(parts.iter().map(|part| part.as_bytes()));
        assert!(of(&["a", "b"]) == of(&["a", "b"]));
        for other in [&["ab", ""][..], &["", "ab"], &["ab"], &["b", "a"]] {
            assert!(of(&["a", "b"]) != of(other));
        }
    }
}
