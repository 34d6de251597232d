//! Where a world's choices come from: a seed, or the choices of an earlier run.

use std::ops::{Bound, RangeBounds};

use fastrand::Rng;

/// The choices of a world, as numbers. What a tape does not contain is 0, always the simplest choice, so a
/// shorter tape is a simpler world.
pub(super) type Tape = Vec<u32>;

pub(super) struct Dice {
    rng: Option<Rng>,
    tape: Tape,
    at: usize,
}

impl Dice {
    pub(super) fn of_seed(seed: u64) -> Self {
        Self {
            rng: Some(Rng::with_seed(seed)),
            tape: Vec::new(),
            at: 0,
        }
    }

    pub(super) fn of_tape(tape: Tape) -> Self {
        Self {
            rng: None,
            tape,
            at: 0,
        }
    }

    /// What was chosen, to be played again.
    pub(super) fn into_tape(self) -> Tape {
        self.tape
    }

    /// From the range; its start is the simplest.
    pub(super) fn pick(&mut self, range: impl RangeBounds<i64>) -> i64 {
        let start = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(start) => start + 1,
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(end) => end + 1,
            Bound::Excluded(end) => *end,
            Bound::Unbounded => i64::from(u32::MAX),
        };
        let span = u32::try_from(end - start).unwrap();
        start + i64::from(self.next(span))
    }

    pub(super) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.next(u32::try_from(length).unwrap())).unwrap()
    }

    /// True once in this many times; the simplest is false.
    pub(super) fn one_in(&mut self, times: u32) -> bool {
        self.next(times) == times - 1
    }

    /// True this many times in a thousand; the simplest is false.
    pub(super) fn per_mille(&mut self, times: u32) -> bool {
        self.next(1000) >= 1000 - times
    }

    pub(super) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            // 0 leaves the order as it is.
            let other = last - self.index(last + 1);
            items.swap(last, other);
        }
    }

    fn next(&mut self, span: u32) -> u32 {
        let choice = match &mut self.rng {
            Some(rng) => {
                let choice = rng.u32(0..span);
                self.tape.push(choice);
                choice
            }
            None => self.tape.get(self.at).map_or(0, |choice| choice % span),
        };
        self.at += 1;
        choice
    }
}
