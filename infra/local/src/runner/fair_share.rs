//! Shares the slots for messages in flight among stages.
//!
//! A call cannot be taken back once it has begun, so a receiver that does not answer keeps each of its
//! slots until the timeout. How many more slots a stage may take therefore depends on how many are free
//! (dynamic thresholds, as in the buffers of network switches). The last slots are reserved for stages that
//! have none, one each, so that the next stage to come still finds one.

/// How many messages a stage may have in flight for each free slot that is not reserved.
const PER_FREE_SLOT: usize = 14;

/// With fewer slots than this none is reserved: a person who asks for two calls at a time wants two.
const FEW: usize = 8;

/// The slots of a queue's poller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FairShare {
    last: usize,
}

impl FairShare {
    /// For this many slots in all. A stage that is alone gets seven eighths of them.
    pub(crate) fn of(slots: usize) -> Self {
        let last = if slots < FEW { 0 } else { slots.div_ceil(16) };
        Self { last }
    }

    /// How many more slots a stage may take at once that has `held`, while `free` (at least one) are left. With many stages it
    /// is few, because ten calls to one receiver need ten connections, and one call to each of ten receivers needs one each.
    pub(crate) fn room(self, free: usize, held: usize, stages: usize) -> usize {
        let each = free.div_ceil(stages.max(1));
        let short = (free.saturating_sub(self.last) * PER_FREE_SLOT).saturating_sub(held);
        // Each slot that it takes also leaves one less free.
        let room = short.div_ceil(PER_FREE_SLOT + 1);
        if held == 0 { room.max(1) } else { room }.min(each)
    }
}

#[cfg(test)]
mod tests {
    use super::FairShare;

    /// How many slots each of these stages gets, where none gives a slot back and each comes only when those
    /// before it have taken all that they may.
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
                        FairShare::of(slots).room(free, *held, stages)
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
    fn many_stages_get_few_at_a_time() {
        let share = FairShare::of(64);
        assert_eq!(share.room(64, 0, 1), 56);
        assert_eq!(share.room(64, 0, 16), 4);
        assert_eq!(share.room(64, 0, 1000), 1);
    }

    #[test]
    fn few_places_are_all_for_anyone() {
        for slots in 1..8 {
            assert_eq!(hoard(slots, 1), [slots]);
        }
    }
}
