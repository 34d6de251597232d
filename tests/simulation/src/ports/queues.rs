//! Sending, message by message: each may fail by itself.

use delivery::ports::{Outgoing, PortError, SendMessages};
use delivery::{Assignment, DeadLetter, Delivery};
use serde::Serialize;
use uuid::Uuid;

use super::Sim;
use crate::faults::Break;
use crate::world::{ASSIGNMENTS, DELIVERIES, PARKED};

impl Sim {
    async fn post<M: Serialize + Send>(
        &self,
        queue: usize,
        loses: Break,
        messages: Vec<Outgoing<M>>,
        about: impl Fn(&M) -> Option<Uuid>,
    ) -> Vec<Result<(), PortError>> {
        let mut results = Vec::new();
        for outgoing in messages {
            let put_off = about(&outgoing.message);
            let body = serde_json::to_string(&outgoing.message).unwrap();
            let delay = i64::try_from(outgoing.delay.as_millis()).unwrap();
            let sent = self.effect("send", move |world| {
                if world.is_broken(loses) && world.dice.one_in(10) {
                    return;
                }
                if put_off.is_some_and(|id| world.muted.remove(&(self.task, id)))
                    && world.is_broken(Break::PutOffNotSent)
                {
                    return;
                }
                // SQS counts whole seconds.
                world.post(queue, body, (delay + 999) / 1000 * 1000);
            });
            results.push(sent.await);
        }
        results
    }
}

impl SendMessages<Assignment> for Sim {
    async fn send(&self, messages: Vec<Outgoing<Assignment>>) -> Vec<Result<(), PortError>> {
        self.post(ASSIGNMENTS, Break::LosesAssignments, messages, |_| None)
            .await
    }
}

impl SendMessages<Delivery> for Sim {
    async fn send(&self, messages: Vec<Outgoing<Delivery>>) -> Vec<Result<(), PortError>> {
        self.post(DELIVERIES, Break::LosesDeliveries, messages, |message| {
            Some(message.delivery_id)
        })
        .await
    }
}

impl SendMessages<DeadLetter> for Sim {
    async fn send(&self, messages: Vec<Outgoing<DeadLetter>>) -> Vec<Result<(), PortError>> {
        self.post(PARKED, Break::DropsDeadLetters, messages, |_| None)
            .await
    }
}
