use std::collections::HashMap;

use futures_util::lock::Mutex;
use uuid::Uuid;

use super::control::change_control;
use super::fault::Fault;
use super::limits::Limits;
use crate::control::{Pace, RecentCalls, Reservation, StageControl, StageKey, reserve};
use crate::message::Delivery;
use crate::ports::{Clock, StepPorts};
use crate::time::Timestamp;

/// What the deliveries of one invocation share.
#[derive(Debug)]
pub struct Batch<'a> {
    pub(super) limits: Limits,
    pub(super) recent: &'a RecentCalls,
    /// How many of its messages are of each stage.
    messages: HashMap<Uuid, u32>,
    times: Mutex<HashMap<StageKey, Times>>,
}

/// The times that are reserved for the calls of a stage, and how many are taken.
#[derive(Debug)]
struct Times {
    pace: Pace,
    reservation: Reservation,
    taken: u32,
    of: u32,
}

impl<'a> Batch<'a> {
    /// For these messages. `recent` has the recent calls of this process.
    pub fn new<'m>(
        limits: Limits,
        recent: &'a RecentCalls,
        messages: impl IntoIterator<Item = &'m Delivery>,
    ) -> Self {
        let mut counts = HashMap::new();
        for message in messages {
            *counts.entry(message.stage_id).or_default() += 1;
        }
        Self {
            limits,
            recent,
            messages: counts,
            times: Mutex::default(),
        }
    }

    /// A time for a call. The first one that asks reserves times for all messages of its stage with one write.
    pub(super) async fn time<P: StepPorts>(
        &self,
        ports: &P,
        stage: &StageKey,
        control: &StageControl,
        pace: Pace,
    ) -> Result<Timestamp, Fault> {
        let mut times = self.times.lock().await;
        if let Some(times) = times.get_mut(stage)
            && times.taken < times.of
            && times.pace == pace
        {
            times.taken += 1;
            return Ok(times.reservation.time(times.taken - 1));
        }
        let of = self.messages.get(&stage.stage_id).copied().unwrap_or(1);
        let now = ports.clock().now();
        let taking = |control: &StageControl| Some(reserve(control, pace, of, now).0);
        let written = change_control(ports, stage, control.clone(), taking).await?;
        let (next, version) =
            written.map_or((None, 0), |written| (written.next_free, written.version));
        let reservation = Reservation::before(next.unwrap_or(now), version, pace, of);
        let taken = Times {
            pace,
            reservation,
            taken: 1,
            of,
        };
        times.insert(stage.clone(), taken);
        Ok(reservation.time(0))
    }
}
