//! What runs in a world: the functions as Lambda invokes them, and what operators start.

use std::collections::HashMap;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use batch::Return;
use delivery::ports::{Clock, ScanSegment};
use delivery::usecase::AuditSettings;
use delivery::{DeadLetter, Delivery, Task};
use lambda_runtime::LambdaEvent;
use sender::Settings;

use crate::check::Command;
use crate::faults::Break;
use crate::ports::Sim;
use crate::world::{ASSIGNMENTS, ASSIGNMENTS_DLQ, DELIVERIES, Message, PARKED, World};

/// How long an invocation lives: Lambda ends it then, long before its messages come again.
pub(super) const LIFE: i64 = 60_000;

/// What the event source mapping does.
pub(super) async fn handle(sim: Sim, queue: usize, messages: Vec<Message>) {
    sim.note_company(queue, &messages);
    for message in &messages {
        sim.tell(|| format!("receives {} from {queue}: {}", message.id, message.body));
    }
    let mut event = SqsEvent::default();
    event.records = messages
        .iter()
        .map(|message| record(queue, message))
        .collect();
    let mut context = lambda_runtime::Context::default();
    context.deadline = u64::try_from(sim.now().as_millis() + LIFE).unwrap();
    let event = LambdaEvent::new(event, context);
    let settings = Settings {
        longest_call: Duration::from_secs(30),
        ..Settings::default()
    };
    let answer = match queue {
        ASSIGNMENTS => dispatcher::handle(&sim, event).await,
        DELIVERIES => {
            let recent = sim.recent_calls();
            sender::handle(&sim, &settings, &recent, event).await
        }
        _ => dead_letter::handle(&sim, event).await,
    };
    let failed = answer.unwrap().failed.into_iter();
    let failed: HashMap<String, Return> = failed
        .map(|failed| (failed.record.message_id.clone(), failed.comes_back()))
        .collect();
    let mut world = sim.world.lock().unwrap();
    for message in &messages {
        let kept = failed.get(&message.id.to_string());
        let kept = kept.filter(|_| !world.is_broken(Break::AcknowledgeFailures));
        if kept.is_some_and(|kept| world.keeps(sim.task, queue, message, *kept)) {
            continue;
        }
        // An acknowledgement may get lost on its way too: the message comes again.
        if !world.strikes(sim.task, "delete lost") {
            world.tell(sim.task, || format!("acknowledges {}", message.id));
            world.delete(queue, message);
        }
    }
}

fn record(queue: usize, message: &Message) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(message.id.to_string());
    record.body = Some(message.body.clone());
    record.attributes.insert(
        "ApproximateReceiveCount".to_owned(),
        message.receives.to_string(),
    );
    let name = if queue == ASSIGNMENTS || queue == ASSIGNMENTS_DLQ {
        "assignments"
    } else {
        "deliveries"
    };
    record.event_source_arn = Some(format!("arn:aws:sqs:local:000000000000:{name}"));
    record
}

/// Looks for files whose next step is past due, and sends their messages again.
pub(super) async fn audit(sim: Sim) {
    sim.tell(|| "audits".to_owned());
    let settings = AuditSettings {
        segment: ScanSegment::ALL,
        grace: Duration::from_secs(30),
        repair: true,
    };
    let stuck = delivery::usecase::audit(&sim, settings).await;
    let repaired = stuck.map_or(0, |audit| audit.stuck.len());
    let mut world = sim.world.lock().unwrap();
    for _ in 0..repaired {
        world.faults.note("audit sends a message again");
    }
}

/// Assigns the file of a parked dead letter again, as the command line does. The letter is deleted only after
/// its assignment is sent, so a crash in between redrives it twice.
pub(super) async fn redrive(sim: Sim) {
    let parked = sim.world.lock().unwrap().receive(PARKED, 1);
    for message in parked {
        let letter: DeadLetter = serde_json::from_str(&message.body).unwrap();
        let assignment = delivery::machine::redrive(&letter).unwrap();
        let sent = sim.effect("redrive", |world| {
            world.faults.note("dead letter redriven");
            if message.receives > 1 {
                world.faults.note("dead letter redriven again");
            }
            world.tell(sim.task, || format!("redrives {}", message.body));
            world.witness.commands.insert(Command::of(&assignment));
            world.post(ASSIGNMENTS, serde_json::to_string(&assignment).unwrap(), 0);
        });
        if sent.await.is_err() {
            continue;
        }
        // Lost or not, the letter comes again as long as it is there.
        let _ = sim
            .effect("delete a letter", |world| world.delete(PARKED, &message))
            .await;
    }
}

impl Sim {
    /// Counts when two workers have the same file in flight, and when both are senders.
    fn note_company(&self, queue: usize, messages: &[Message]) {
        let item = |message: &Message| {
            let body: serde_json::Value = serde_json::from_str(&message.body).unwrap();
            body["item_id"].as_str().unwrap().parse().unwrap()
        };
        let items: Vec<uuid::Uuid> = messages.iter().map(item).collect();
        let shares = |held: &[uuid::Uuid]| held.iter().any(|item| items.contains(item));
        let mut world = self.world.lock().unwrap();
        let with = world.in_flight.values().filter(|(_, held)| shares(held));
        let senders = |(of, _): &(usize, _)| *of == DELIVERIES && queue == DELIVERIES;
        let (is_shared, has_two_senders) = with.fold((false, false), |found, held| {
            (true, found.1 || senders(held))
        });
        if is_shared {
            world.faults.note("two workers on one file");
        }
        if has_two_senders {
            world.faults.note("two senders on one file");
        }
        world.in_flight.insert(self.task, (queue, items));
    }
}

impl World {
    /// Brings a failed message back as the function would have SQS do it; false where a copy is in its place.
    fn keeps(&mut self, task: u64, queue: usize, message: &Message, returns: Return) -> bool {
        let millis = |wait: Duration| i64::try_from(wait.as_millis()).unwrap();
        match returns {
            Return::Renewed(wait)
                if queue < ASSIGNMENTS_DLQ && !self.strikes(task, "copy not sent") =>
            {
                self.faults.note("sent anew");
                self.post(queue, message.body.clone(), millis(wait));
                false
            }
            // Never at the last receive: an earlier invocation may still be handling the message, and its work
            // is lost if the message becomes a dead letter in the meantime.
            Return::Sooner(wait)
                if queue < ASSIGNMENTS_DLQ
                    && message.receives < self.max_receives
                    && !self.strikes(task, "visibility not changed") =>
            {
                self.faults.note("comes back sooner");
                let visible_at = self.now + millis(wait);
                let held = self.queues[queue].iter_mut();
                let mut held = held.filter(|held| held.id == message.id);
                if let Some(held) = held.find(|held| held.receipt == message.receipt) {
                    held.visible_at = visible_at;
                }
                true
            }
            Return::Counted | Return::Sooner(_) | Return::Renewed(_) => true,
        }
    }

    /// A break: the message is taken for one of the attempt that is next, whatever it says.
    pub(super) fn forget_the_attempt(&self, message: &mut Message) {
        let mut delivery: Delivery = serde_json::from_str(&message.body).unwrap();
        let state = self.states.get(&delivery.key());
        if let Some(open) = state.and_then(|state| state.delivery.as_ref()) {
            delivery.task = Task::Attempt(open.attempt);
            message.body = serde_json::to_string(&delivery).unwrap();
        }
    }
}
