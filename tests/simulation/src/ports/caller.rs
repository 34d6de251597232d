//! The receiver: it accepts, refuses, answers late, cannot be reached, or redirects.

use std::convert::Infallible;
use std::time::Duration;

use delivery::ports::{Call, Caller, PortError, PortErrorKind, Wanted};
use delivery::retry::RetryAfter;
use delivery::{Answer, FileState, Reason, ReceiverSays};
use uuid::Uuid;

use super::{Sim, Turn};
use crate::check;
use crate::faults::Break;
use crate::witness::Seen;
use crate::world::{Down, World};

/// What the receiver will do with a call.
enum Will {
    Refuse,
    /// Its answer comes after the deadline, so nobody hears it.
    BeLate,
    Answer(u16, Option<u64>),
}

impl World {
    fn receiver_will(&mut self, stage_id: Uuid) -> Will {
        match self.is_down(stage_id) {
            None => {}
            Some(Down::Refuses) => return Will::Refuse,
            Some(Down::Hangs) => return Will::BeLate,
            Some(Down::Busy(after)) => return Will::Answer(503, after),
        }
        if self.dice.one_in(20) {
            self.faults.note("receiver refuses the connection");
            return Will::Refuse;
        }
        if self.dice.one_in(8) {
            self.faults.note("receiver answers late");
            return Will::BeLate;
        }
        if self.dice.pick(0..100) < i64::from(self.kindness) {
            return Will::Answer(200, None);
        }
        let others = [500, 503, 429, 404, 302, 410];
        let status = others[self.dice.index(others.len())];
        let asks = matches!(status, 429 | 503) && self.dice.one_in(2);
        let after = asks.then(|| self.dice.pick(1..90).unsigned_abs());
        if asks {
            self.faults.note("receiver asks to be left alone");
        }
        Will::Answer(status, after)
    }
}

impl World {
    /// What the receiver says besides, where its stage lets it. It pauses nothing in the calm.
    fn receiver_says(&mut self, lets_it: bool) -> Option<ReceiverSays> {
        if !lets_it || !self.dice.one_in(8) {
            return None;
        }
        if self.trouble > 0 && self.dice.one_in(2) {
            self.faults.note("receiver has its stage paused");
            return Some(ReceiverSays::Disable);
        }
        self.faults.note("receiver aborts");
        Some(ReceiverSays::Abort)
    }
}

fn answer(result: Result<u16, Reason>, retry_after: Option<u64>) -> Answer {
    Answer {
        result,
        retry_after: retry_after.map(RetryAfter::Seconds),
        duration: Duration::from_millis(1),
        receiver_says: None,
        request_bytes: 2,
        response_excerpt: String::new(),
        detail: None,
    }
}

impl World {
    /// When the task first looked at the delivery's file.
    fn looked_at(&self, task: u64, delivery_id: Uuid) -> i64 {
        let is_its = |state: &&FileState| {
            let delivery = state.delivery.as_ref();
            delivery.is_some_and(|delivery| delivery.delivery_id == delivery_id)
        };
        let file = self.states.values().find(is_its);
        let looked = file.and_then(|file| self.witness.looked.get(&(task, file.key.clone())));
        looked.copied().unwrap_or(self.now)
    }
}

/// Whether a delivery's file is to be sent, where its stage has a condition. It is a fate, so that whoever asks hears the
/// same.
pub(crate) fn wanted(delivery_id: Uuid) -> Wanted {
    match delivery_id.as_u128() % 16 {
        0 => Wanted::Unclear(Reason::ConditionInvalid, None),
        1..=6 => Wanted::No,
        _ => Wanted::Yes,
    }
}

impl Caller<Infallible> for Sim {
    async fn wants(&self, call: &Call<Infallible>) -> Result<Wanted, PortError> {
        // Reading the document takes a while, in which others get on.
        Turn::default().await;
        let mut world = self.world();
        if world.strikes(self.task, "document lost before the call") {
            return Err(PortError::new(
                PortErrorKind::Unavailable,
                "read a document",
            ));
        }
        let wanted = match wanted(call.delivery_id) {
            _ if world.is_broken(Break::IgnoresConditions) => Wanted::Yes,
            Wanted::Yes if world.is_broken(Break::SkipsAll) => Wanted::No,
            wanted => wanted,
        };
        match wanted {
            Wanted::Yes => {}
            Wanted::No => world.faults.note("condition does not hold"),
            Wanted::Unclear(..) => world.faults.note("condition cannot be told"),
        }
        Ok(wanted)
    }

    async fn call(&self, call: Call<Infallible>) -> Result<Answer, PortError> {
        // No turn here: the caller's clock starts with the check that the lease outlives the call.
        let timeout = i64::try_from(call.timeout.as_millis()).unwrap();
        let (until, index, will, says, takes) = {
            let mut world = self.world();
            let will = world.receiver_will(call.stage_id);
            let says = match will {
                Will::Answer(..) => world.receiver_says(call.config.receiver_control),
                Will::Refuse | Will::BeLate => None,
            };
            let (status, after, takes) = match will {
                Will::Refuse => return Ok(answer(Err(Reason::Connect), None)),
                Will::BeLate => (None, None, timeout),
                Will::Answer(status, after) => {
                    (Some(status), after, world.dice.pick(1..timeout.min(3000)))
                }
            };
            let (from, until) = (world.now, world.now + takes);
            let decided = world.looked_at(self.task, call.delivery_id);
            // Its stage is paused, and the attempt waits.
            let waits = says == Some(ReceiverSays::Disable)
                && status.is_none_or(|status| !(200..300).contains(&status));
            let (delivery_id, attempt) = (call.delivery_id, call.attempt);
            world.tell(self.task, || {
                format!("calls {delivery_id} attempt {attempt}: {status:?} after {takes} ms, asks for {after:?} s, says {says:?}")
            });
            let seen = check::Call {
                delivery_id,
                attempt,
                url: call.config.url.clone(),
                from,
                decided,
                until,
                status,
                retry_after: after.map(Duration::from_secs),
                excused: waits,
            };
            let task = self.task;
            world.witness.calls.push(Seen { call: seen, task });
            (until, world.witness.calls.len() - 1, will, says, takes)
        };
        while self.world().now < until {
            Turn::default().await;
        }
        let mut world = self.world();
        let now = world.now;
        // The caller keeps its deadline even if the world has jumped beyond it.
        world.witness.calls[index].call.until = until.min(now);
        if world.strikes(self.task, "document lost within the call") {
            return Err(PortError::new(PortErrorKind::Unavailable, "call"));
        }
        let answered = match will {
            Will::Answer(302, _) if world.is_broken(Break::FollowsRedirects) => {
                let mut elsewhere = world.witness.calls[index].clone();
                elsewhere.call.url = "http://127.0.0.1:9001/".to_owned();
                (elsewhere.call.from, elsewhere.call.status) = (until.min(now), Some(200));
                world.witness.calls.push(elsewhere);
                answer(Ok(200), None)
            }
            Will::Answer(status, after) if world.is_broken(Break::JitterBelowRetryAfter) => {
                answer(Ok(status), after.map(|seconds| seconds * 4 / 5))
            }
            Will::Answer(status, after) => {
                answer(Ok(world.told(call.stage_id, call.attempt, status)), after)
            }
            Will::Refuse | Will::BeLate => answer(Err(Reason::Timeout), None),
        };
        Ok(Answer {
            receiver_says: says,
            duration: Duration::from_millis(takes.unsigned_abs()),
            ..answered
        })
    }
}
