//! How the slots for messages in flight are shared among stages.
//!
//! A call that was begun cannot be taken back, so a receiver that does not answer keeps each slot it
//! got for as long as its timeout. What is left free decides how much more a stage may have (dynamic
//! thresholds, as in the buffers of network switches), and the last slots go only to stages that have
//! none, one each: whoever comes next still finds one.

/// Messages of a stage in flight for each slot that is free and not among the last.
const PER_FREE_SLOT: usize = 14;

/// Fewer slots than this are all for anyone: a person who asks for two calls at a time wants two.
const FEW: usize = 8;

/// The slots of a queue's poller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FairShare {
    last: usize,
}

impl FairShare {
    /// Of so many slots in all. A stage alone gets seven eighths of them.
    pub(crate) fn of(slots: usize) -> Self {
        let last = if slots < FEW { 0 } else { slots.div_ceil(16) };
        Self { last }
    }

    /// With `free` slots left, at least one: how many more a stage may have that has `held`.
    pub(crate) fn room(self, free: usize, held: usize) -> usize {
        let short = (free.saturating_sub(self.last) * PER_FREE_SLOT).saturating_sub(held);
        // Each slot it takes is also one less that is free.
        let room = short.div_ceil(PER_FREE_SLOT + 1);
        if held == 0 { room.max(1) } else { room }
    }
}

#[cfg(test)]
mod tests {
    use super::FairShare;

    /// Stages that never give a slot back, the next one coming when those before have taken all
    /// they may: what each has then.
    fn hoard(slots: usize, stages: usize) -> Vec<usize> {
        let mut held = Vec::new();
        let mut free = slots;
        for _ in 0..stages {
            held.resize(held.len() + 1, 0);
            loop {
                let mut taken = 0;
                for held in &mut held {
                    let more = if free == 0 {
                        0
                    } else {
                        FairShare::of(slots).room(free, *held)
                    };
                    let more = more.min(free).min(10);
                    *held += more;
                    free -= more;
                    taken += more;
                }
                if taken == 0 {
                    break;
                }
            }
        }
        held
    }

    #[test]
    fn one_stage_leaves_an_eighth() {
        assert_eq!(hoard(64, 1), [56]);
        assert_eq!(hoard(200, 1), [175]);
        assert_eq!(hoard(16, 1), [14]);
    }

    #[test]
    fn several_stages_leave_a_place_for_the_next() {
        for slots in 8..=1000_usize {
            let last = slots.div_ceil(16);
            for stages in 1..=last.min(8) {
                let held: usize = hoard(slots, stages).iter().sum();
                assert!(held < slots, "{stages} stages take all of {slots}");
            }
        }
    }

    #[test]
    fn few_places_are_all_for_anyone() {
        for slots in 1..8 {
            assert_eq!(hoard(slots, 1), [slots]);
        }
    }
}
