//! How the places for messages in hand are shared among stages.
//!
//! A call that was begun cannot be taken back, so a receiver that does not answer keeps each place it
//! got for as long as its timeout. What is left free decides how much more a stage may have (dynamic
//! thresholds, as in the buffers of network switches), and the last places go only to stages that have
//! none, one each: whoever comes next still finds one.

/// Messages of a stage in hand for each place that is free and not among the last.
const PER_FREE_PLACE: usize = 14;

/// Fewer places than this are all for anyone: a person who asks for two calls at a time wants two.
const FEW: usize = 8;

/// The places of a queue's poller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    last: usize,
}

impl Share {
    /// Of so many places in all. A stage alone gets seven eighths of them.
    pub(crate) fn of(places: usize) -> Self {
        let last = if places < FEW { 0 } else { places.div_ceil(16) };
        Self { last }
    }

    /// With `free` places left, at least one: how many more a stage may have that has `held`.
    pub(crate) fn room(self, free: usize, held: usize) -> usize {
        let short = (free.saturating_sub(self.last) * PER_FREE_PLACE).saturating_sub(held);
        // Each place it takes is also one less that is free.
        let room = short.div_ceil(PER_FREE_PLACE + 1);
        if held == 0 { room.max(1) } else { room }
    }
}

#[cfg(test)]
mod tests {
    use super::Share;

    /// Stages that never give a place back, the next one coming when those before have taken all
    /// they may: what each has then.
    fn hoard(places: usize, stages: usize) -> Vec<usize> {
        let mut held = Vec::new();
        let mut free = places;
        for _ in 0..stages {
            held.resize(held.len() + 1, 0);
            loop {
                let mut taken = 0;
                for held in &mut held {
                    let more = if free == 0 {
                        0
                    } else {
                        Share::of(places).room(free, *held)
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
        for places in 8..=1000_usize {
            let last = places.div_ceil(16);
            for stages in 1..=last.min(8) {
                let held: usize = hoard(places, stages).iter().sum();
                assert!(held < places, "{stages} stages take all of {places}");
            }
        }
    }

    #[test]
    fn few_places_are_all_for_anyone() {
        for places in 1..8 {
            assert_eq!(hoard(places, 1), [places]);
        }
    }
}
