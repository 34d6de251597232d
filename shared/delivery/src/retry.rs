//! Plans when to call again. Pure: the same inputs always give the same time.

use std::time::Duration;

use uuid::Uuid;
use workflow::{MAX_DELAY, MAX_PATIENCE, RetryOn, WebhookConfig};

use crate::answer::{Answer, ReceiverSays};
use crate::reason::Reason;
use crate::time::Timestamp;

pub use crate::retry_after::RetryAfter;

/// The longest delay of a message: SQS's limit of 15 minutes (`DelaySeconds`). A longer wait is made of several messages,
/// see [`crate::machine::legs_of`].
pub const MAX_MESSAGE_DELAY: Duration = Duration::from_secs(900);

/// The default schedule: 5 retries, so 6 calls, over about 22 minutes.
///
/// V7's documentation says that a webhook is retried 5 times before it fails. Each delay is one message: none is longer
/// than SQS delays one.
pub const DEFAULT_DELAYS: [Duration; 5] = [
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_secs(120),
    Duration::from_secs(300),
    Duration::from_secs(900),
];

/// The share of a delay that jitter may add or subtract: 20 %.
pub const JITTER: f64 = 0.2;

/// What an answer means for its delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The receiver accepted the file: a 2xx.
    Succeeded,
    /// Another call might be answered differently, and the receiver may have said when (429 and 503 only).
    Retry(Reason, Option<RetryAfter>),
    /// Another call would be answered the same, or is not wanted (410).
    Stop(Reason),
}

impl Verdict {
    /// Judges an answer by what the stage repeats; none for the default, which is all but what another call cannot
    /// mend. A failure that is neither a status nor the network's, such as a missing secret, is judged by the default
    /// in any case.
    #[must_use]
    pub fn of(answer: &Answer, retry_on: Option<&RetryOn>) -> Self {
        let Some(reason) = failure(answer) else {
            return Self::Succeeded;
        };
        let is_repeated = match (retry_on, answer.result) {
            (Some(_), Ok(_)) if reason == Reason::Aborted => false,
            (Some(on), Ok(status)) => on.has_status(status),
            (Some(on), Err(reason)) if reason.is_network() => on.network,
            _ => reason.is_retriable(),
        };
        match answer.result {
            _ if !is_repeated => Self::Stop(reason),
            Ok(429 | 503) => Self::Retry(reason, answer.retry_after),
            _ => Self::Retry(reason, None),
        }
    }

    /// Why the attempt failed; none if it succeeded.
    #[must_use]
    pub const fn reason(self) -> Option<Reason> {
        match self {
            Self::Succeeded => None,
            Self::Retry(reason, _) | Self::Stop(reason) => Some(reason),
        }
    }
}

/// Why an attempt that was answered like this failed; none for a 2xx.
#[must_use]
pub const fn failure(answer: &Answer) -> Option<Reason> {
    Some(match answer.result {
        Ok(200..=299) => return None,
        Ok(_) if matches!(answer.receiver_says, Some(ReceiverSays::Abort)) => Reason::Aborted,
        Ok(300..=399) => Reason::Redirect,
        Ok(410) => Reason::Gone,
        Ok(_) => Reason::HttpStatus,
        Err(reason) => reason,
    })
}

/// A stage's retry policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    delays: Vec<Duration>,
    patience: Option<Duration>,
}

impl Policy {
    /// The policy of a stage: one retry for each entry of `retry_delays`; or the default schedule, shortened
    /// or (by repeating its last delay) lengthened to `max_retries`. No retries if `retry_if_fails` is false.
    #[must_use]
    pub fn of(config: &WebhookConfig) -> Self {
        let patience = config.breaker_patience;
        if !config.retry_if_fails {
            let delays = Vec::new();
            return Self { delays, patience };
        }
        let mut delays = config
            .retry_delays
            .clone()
            .unwrap_or_else(|| DEFAULT_DELAYS.to_vec());
        if let Some(max) = config.max_retries {
            let last = delays.last().copied().unwrap_or(DEFAULT_DELAYS[0]);
            delays.resize(usize::try_from(max).unwrap_or(usize::MAX).min(1000), last);
        }
        Self { delays, patience }
    }

    /// The first delay that is not zero; without one, the first of the default schedule.
    #[must_use]
    pub fn first_delay(&self) -> Duration {
        let first = self.delays.iter().find(|delay| !delay.is_zero());
        first.copied().unwrap_or(DEFAULT_DELAYS[0])
    }

    /// The longest delay.
    #[must_use]
    pub fn longest_delay(&self) -> Duration {
        self.delays.iter().max().copied().unwrap_or_default()
    }

    /// For how long in sum the circuit breaker may hold a delivery back: the stage's `breaker_patience`, or the sum of
    /// its delays, as far as a stage could set it ([`MAX_PATIENCE`]).
    #[must_use]
    pub fn patience(&self) -> Duration {
        let sum = || self.total().min(MAX_PATIENCE);
        self.patience.unwrap_or_else(sum)
    }

    /// Its delays, before jitter.
    #[must_use]
    pub fn delays(&self) -> &[Duration] {
        &self.delays
    }

    /// The sum of its delays.
    #[must_use]
    pub fn total(&self) -> Duration {
        self.delays.iter().sum()
    }

    /// The number of retries after the first attempt.
    #[must_use]
    pub fn max_retries(&self) -> u32 {
        u32::try_from(self.delays.len()).unwrap_or(u32::MAX)
    }

    /// Whether attempt number `attempt` (from 1) must open a new connection. The receiver may close a
    /// connection that was kept open just as a call is sent over it, and that call cannot be repeated within
    /// its attempt, because the receiver may already have accepted the file. So such a connection is used only
    /// for a first attempt with retries after it.
    #[must_use]
    pub fn needs_fresh_connection(&self, attempt: u32) -> bool {
        attempt > 1 || self.delays.is_empty()
    }

    /// How long to wait after failed attempt number `attempt` (from 1); none if it was the last.
    ///
    /// The scheduled delay is jittered by ±20 %, but not beyond what one message can wait if the delay itself is not,
    /// and never beyond [`MAX_DELAY`]. The jitter is a hash of the delivery and the attempt, so that planning needs no
    /// randomness. `Retry-After` can only lengthen the delay: to what the receiver asked for, up to 15 minutes or the
    /// stage's longest delay, if that is longer.
    #[must_use]
    pub fn delay_after(
        &self,
        attempt: u32,
        delivery_id: Uuid,
        retry_after: Option<RetryAfter>,
        now: Timestamp,
    ) -> Option<Duration> {
        let index = usize::try_from(attempt.checked_sub(1)?).ok()?;
        let delay = *self.delays.get(index)?;
        let most = if delay <= MAX_MESSAGE_DELAY {
            MAX_MESSAGE_DELAY
        } else {
            MAX_DELAY
        };
        let scheduled = jittered(delay, delivery_id, attempt).min(most);
        let asked = retry_after.map_or(Duration::ZERO, |hint| hint.from(now));
        let asked = asked.min(self.longest_delay().max(MAX_MESSAGE_DELAY));
        Some(scheduled.max(asked).min(MAX_DELAY))
    }
}

fn jittered(delay: Duration, delivery_id: Uuid, attempt: u32) -> Duration {
    delay.mul_f64(1.0 - JITTER + 2.0 * JITTER * share(delivery_id, attempt))
}

/// A share from 0 to 1 that is always the same for a delivery's attempt.
pub(crate) fn share(delivery_id: Uuid, attempt: u32) -> f64 {
    f64::from(spread(delivery_id, attempt)) / f64::from(u32::MAX)
}

/// FNV-1a with a final mix. It spreads v4 and v5 ids evenly, and unlike the standard hasher never changes.
fn spread(delivery_id: Uuid, attempt: u32) -> u32 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in delivery_id.as_bytes().iter().chain(&attempt.to_le_bytes()) {
        hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash ^= hash >> 33;
    hash = hash.wrapping_mul(0xff51_afd7_ed55_8ccd);
    u32::try_from(hash >> 32).unwrap_or(u32::MAX)
}
