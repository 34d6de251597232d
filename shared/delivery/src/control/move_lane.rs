use std::time::Duration;

use super::recent::LONG;
use super::{Lane, LongCalls, Recent, StageControl};
use crate::time::Timestamp;

/// A slow stage turns fast again when the median is shorter than this.
const FAST: Duration = Duration::from_secs(1);

/// The fewest calls that say something about a fast stage, and about a slow one.
const CALLS: (usize, usize) = (5, 20);

/// How long a stage stays in the slow lane at least, and without long calls.
const STAYS: Duration = Duration::from_secs(60);

/// A stage also turns slow when its long calls add up to this within [`COUNTED`]: it has then taken the time of 2.5
/// senders from the others. Five calls that time out after 30 s do.
const MOST: Duration = Duration::from_secs(150);

/// After this time, adding up begins anew.
const COUNTED: Duration = Duration::from_secs(60);

/// In the slow lane it begins anew sooner, because only the time of the last long call is of interest.
const COUNTED_SLOW: Duration = Duration::from_secs(30);

/// The record with a long call added, or with the stage's lane changed if its recent calls say that it belongs into the
/// other one. The calls of an outage say nothing about it.
#[must_use]
pub fn moved(control: &StageControl, recent: &Recent, now: Timestamp) -> Option<StageControl> {
    if control.outage.is_some() {
        return None;
    }
    let at_least =
        |since: Option<Timestamp>, time| since.is_none_or(|since| since.until(now) >= time);
    let last_long = control.long_calls.map(|long| long.since);
    let in_lane = |lane| StageControl {
        lane,
        lane_since: Some(now),
        ..control.next(now)
    };
    match (control.lane, recent.long_call) {
        (Lane::Fast, _) if recent.calls >= CALLS.0 && recent.median > LONG => {
            Some(in_lane(Lane::Slow))
        }
        (Lane::Fast, Some(took)) => {
            let sum = added(control, took, COUNTED, now);
            let is_slow = u128::from(sum.sum_ms) >= MOST.as_millis();
            let next = if is_slow {
                in_lane(Lane::Slow)
            } else {
                control.next(now)
            };
            Some(with(next, sum))
        }
        (Lane::Slow, Some(took)) if at_least(last_long, COUNTED_SLOW) => {
            let sum = added(control, took, COUNTED_SLOW, now);
            Some(with(control.next(now), sum))
        }
        (Lane::Slow, None)
            if recent.calls >= CALLS.1
                && recent.median < FAST
                && at_least(last_long, STAYS)
                && at_least(control.lane_since, STAYS) =>
        {
            Some(in_lane(Lane::Fast))
        }
        _ => None,
    }
}

/// A long call added to those of this time.
fn added(control: &StageControl, took: Duration, within: Duration, now: Timestamp) -> LongCalls {
    let took = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    let before = control.long_calls;
    let before = before.filter(|before| before.since.until(now) < within);
    LongCalls {
        since: before.map_or(now, |before| before.since),
        sum_ms: before
            .map_or(0, |before| before.sum_ms)
            .saturating_add(took),
    }
}

fn with(control: StageControl, sum: LongCalls) -> StageControl {
    StageControl {
        long_calls: Some(sum),
        ..control
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEGAN: Timestamp = Timestamp::from_millis(1_790_000_000_000);

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A process's call that took so long, after few or many quick ones.
    fn after(control: &StageControl, calls: usize, took: u64, at: u64) -> StageControl {
        let took = seconds(took);
        let recent = Recent {
            calls,
            long_call: (took > LONG).then_some(took),
            ..Recent::default()
        };
        let moved = moved(control, &recent, BEGAN.plus(seconds(at)));
        moved.unwrap_or_else(|| control.clone())
    }

    #[test]
    fn timeouts_that_several_processes_see_once_each_turn_a_stage_slow() {
        let mut control = StageControl::default();
        for call in 0..5 {
            assert_eq!(control.lane, Lane::Fast, "{call} timeouts");
            control = after(&control, 1, 30, 30 + call);
        }
        assert_eq!(control.lane, Lane::Slow);
    }

    #[test]
    fn an_odd_timeout_does_not() {
        let mut control = StageControl::default();
        for call in 0..100 {
            control = after(&control, 100, 30, call * 20);
        }
        assert_eq!(
            control.lane,
            Lane::Fast,
            "three a minute take one place and a half"
        );
    }

    #[test]
    fn a_slow_stage_turns_fast_a_minute_after_its_last_long_call() {
        let mut control = StageControl {
            lane: Lane::Slow,
            lane_since: Some(BEGAN),
            ..StageControl::default()
        };
        control = after(&control, 20, 0, 59);
        assert_eq!(control.lane, Lane::Slow, "less than a minute in its lane");
        control = after(&control, 20, 30, 65);
        let written = control.version;
        control = after(&control, 20, 30, 75);
        assert_eq!(control.version, written, "one write for several long calls");
        control = after(&control, 20, 0, 124);
        assert_eq!(control.lane, Lane::Slow);
        control = after(&control, 20, 0, 125);
        assert_eq!(control.lane, Lane::Fast);
    }
}
