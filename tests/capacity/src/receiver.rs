use std::ops::Range;
use std::time::Duration;

use crate::ids;
use uuid::Uuid;

/// What is wrong with a receiver for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It takes the call and never answers.
    Hangs,
    /// It refuses the connection at once.
    Down,
}

/// How a stage's receiver answers.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// How soon it answers 200.
    pub answers_after: Duration,
    /// The share of calls that it never answers, from 0 to 1.
    pub hangs: f64,
    /// When it has trouble with every call.
    pub troubles: Vec<(Range<Duration>, Trouble)>,
}

impl Receiver {
    /// A receiver that answers in 200 ms.
    #[must_use]
    pub const fn healthy() -> Self {
        Self {
            answers_after: Duration::from_millis(200),
            hangs: 0.0,
            troubles: Vec::new(),
        }
    }

    /// The same, but this share of its calls hangs.
    #[must_use]
    pub fn hanging(share: f64) -> Self {
        Self {
            hangs: share,
            ..Self::healthy()
        }
    }

    /// It has this trouble meanwhile.
    #[must_use]
    pub fn with(mut self, when: Range<Duration>, trouble: Trouble) -> Self {
        self.troubles.push((when, trouble));
        self
    }

    /// What becomes of a call at this time. The share that hangs is a hash of the call, so that a run can be
    /// repeated and does not depend on the order of the calls.
    pub(crate) fn trouble_with(
        &self,
        now: Duration,
        delivery: Uuid,
        attempt: u32,
    ) -> Option<Trouble> {
        let of_now = self.troubles.iter().find(|(when, _)| when.contains(&now));
        let hangs = || chance(delivery, attempt) < self.hangs;
        of_now
            .map(|(_, trouble)| *trouble)
            .or_else(|| hangs().then_some(Trouble::Hangs))
    }
}

/// A number from 0 to 1 for each call. The mix is SplitMix64's.
fn chance(delivery: Uuid, attempt: u32) -> f64 {
    let mut mixed = (ids::number(delivery) as u64) << 8 | u64::from(attempt);
    mixed = mixed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_that_hangs_is_the_one_asked_for() {
        let receiver = Receiver::hanging(0.05);
        let hang = (0..100_000)
            .filter(|file| {
                let trouble = receiver.trouble_with(Duration::ZERO, ids::delivery(*file), 1);
                trouble == Some(Trouble::Hangs)
            })
            .count();
        assert!((4_800..5_200).contains(&hang), "{hang} of 100,000");
    }
}
