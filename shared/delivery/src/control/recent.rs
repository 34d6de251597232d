use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use workflow::BreakerConfig;

use super::{Outage, Phase, StageKey};
use crate::answer::Answer;
use crate::reason::Reason;
use crate::retry_after::RetryAfter;
use crate::time::Timestamp;

/// What an answer says about the receiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answers, whatever it says about this file.
    Alive,
    /// It is in trouble, and may have said when to come back.
    Trouble(Reason, Option<RetryAfter>),
    /// No call was made, so nothing is known.
    Unknown,
}

impl Health {
    /// Judges an answer. Trouble is: no connection, no TLS, no answer in time, 5xx and 429. What says that the file or
    /// the stage's settings are wrong (other 4xx, 3xx) is not.
    #[must_use]
    pub const fn of(answer: &Answer) -> Self {
        match answer.result {
            // It says itself what to do, whatever its status.
            Ok(_) if answer.receiver_says.is_some() => Self::Alive,
            Ok(429 | 503) => Self::Trouble(Reason::HttpStatus, answer.retry_after),
            Ok(500..) => Self::Trouble(Reason::HttpStatus, None),
            Ok(_) => Self::Alive,
            Err(reason) if reason.is_trouble() => Self::Trouble(reason, None),
            Err(_) => Self::Unknown,
        }
    }
}

/// Long calls of one process within this time count as one.
const ONE_BATCH: Duration = Duration::from_secs(10);

/// A call that takes longer than this is long. A stage turns slow when the median of its recent calls is.
pub(super) const LONG: Duration = Duration::from_secs(3);

/// The most calls that are remembered of a stage.
const MOST_CALLS: usize = 200;

/// The most stages whose calls are remembered; one more, and all are forgotten.
const MOST_STAGES: usize = 1000;

/// The recent calls of one sender process, by stage. A process only judges by its own.
#[derive(Debug, Default)]
pub struct RecentCalls(Mutex<HashMap<StageKey, Window>>);

#[derive(Debug, Default)]
struct Window {
    /// What the breaker was when these calls were admitted.
    under: Option<(Timestamp, u32, bool)>,
    calls: VecDeque<Past>,
    failures_in_a_row: u32,
}

#[derive(Clone, Copy, Debug)]
struct Past {
    at: Timestamp,
    is_trouble: bool,
    took: Duration,
}

/// What the recent calls of a stage come to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// How many calls are remembered.
    pub calls: usize,
    /// Failures since the last success.
    pub failures_in_a_row: u32,
    /// How long this call took, if that was long, and no other long one ended within the 10 s before: those of one
    /// batch hold it up together.
    pub long_call: Option<Duration>,
    /// The median of their durations.
    pub median: Duration,
    /// Calls within the breaker's window, and the failed ones among them.
    pub in_window: (u32, u32),
}

impl Recent {
    /// Whether these calls trip a breaker with these settings.
    #[must_use]
    pub fn trips(&self, config: &BreakerConfig) -> bool {
        let (calls, failed) = self.in_window;
        self.failures_in_a_row >= config.failures_in_a_row
            || (calls >= config.calls
                && u64::from(failed) * 100 >= u64::from(calls) * u64::from(config.failed_percent))
    }
}

impl RecentCalls {
    /// Adds a call that was admitted during this outage, or without one, and sums up. When the breaker has changed since
    /// the call before, the earlier calls are forgotten, because an outage says nothing about the time after it.
    pub fn note(
        &self,
        stage: &StageKey,
        outage: Option<&Outage>,
        health: Health,
        took: Duration,
        window: Duration,
        now: Timestamp,
    ) -> Recent {
        let mut stages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stages.len() >= MOST_STAGES && !stages.contains_key(stage) {
            stages.clear();
        }
        let seen = stages.entry(stage.clone()).or_default();
        let under = outage.map(|outage| {
            let is_recovering = outage.phase == Phase::Recovering;
            (outage.since, outage.trips, is_recovering)
        });
        if seen.under != under {
            *seen = Window {
                under,
                ..Window::default()
            };
        }
        let long_call = seen.long_call(health, took, now);
        match health {
            Health::Unknown => {}
            Health::Alive | Health::Trouble(..) => seen.add(Past {
                at: now,
                is_trouble: health != Health::Alive,
                took,
            }),
        }
        Recent {
            long_call,
            ..seen.sum(window, now)
        }
    }
}

impl Window {
    fn add(&mut self, call: Past) {
        if self.calls.len() == MOST_CALLS {
            self.calls.pop_front();
        }
        self.calls.push_back(call);
        self.failures_in_a_row = if call.is_trouble {
            self.failures_in_a_row + 1
        } else {
            0
        };
    }

    /// Before the call is added.
    fn long_call(&self, health: Health, took: Duration, now: Timestamp) -> Option<Duration> {
        let recent = self.calls.iter().rev();
        let mut recent = recent.take_while(|call| call.at.until(now) <= ONE_BATCH);
        let is_long = health != Health::Unknown && took > LONG;
        (is_long && !recent.any(|call| call.took > LONG)).then_some(took)
    }

    fn sum(&self, window: Duration, now: Timestamp) -> Recent {
        // On the stack, because this is asked with every call.
        let mut took = [Duration::ZERO; MOST_CALLS];
        for (took, call) in took.iter_mut().zip(&self.calls) {
            *took = call.took;
        }
        let took = &mut took[..self.calls.len().min(MOST_CALLS)];
        let middle = took.len() / 2;
        let median = if took.is_empty() {
            Duration::ZERO
        } else {
            *took.select_nth_unstable(middle).1
        };
        let recent = self.calls.iter().rev();
        let recent = recent.take_while(|call| call.at.until(now) <= window);
        let in_window = recent.fold((0, 0), |(calls, failed), call| {
            (calls + 1, failed + u32::from(call.is_trouble))
        });
        Recent {
            calls: self.calls.len(),
            failures_in_a_row: self.failures_in_a_row,
            long_call: None,
            median,
            in_window,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_long_calls_of_one_batch_count_once() {
        let calls = RecentCalls::default();
        let stage = StageKey {
            team: "team".to_owned(),
            workflow_id: uuid::Uuid::nil(),
            stage_id: uuid::Uuid::nil(),
        };
        let noted = |health, took, at| {
            let (took, at) = (Duration::from_secs(took), Duration::from_secs(at));
            let now = Timestamp::from_millis(1_790_000_000_000).plus(at);
            let recent = calls.note(&stage, None, health, took, Duration::from_secs(30), now);
            recent.long_call.map(|took| took.as_secs())
        };
        let timeout = Health::Trouble(Reason::Timeout, None);
        assert_eq!(noted(Health::Alive, 1, 1), None);
        assert_eq!(noted(timeout, 30, 30), Some(30));
        assert_eq!(noted(timeout, 30, 30), None, "of the same batch");
        assert_eq!(noted(Health::Unknown, 30, 45), None, "no call");
        assert_eq!(
            noted(Health::Alive, 20, 50),
            Some(20),
            "slow, though not in trouble"
        );
    }
}
