//! The work of AWS's event source mapping on one machine: takes messages from the queues, builds the same
//! Lambda events, calls the same handlers, and deletes the messages that they handled.

mod settle;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use delivery::Timestamp;
use delivery::ports::{Group, PortError, Queue, Receive, Received, StepPorts};
use lambda_runtime::{Context, LambdaEvent};
use sender::Settings;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use crate::runner::fair_share::FairShare;
use crate::runner::ports::Local;

/// Messages in one event: the default batch size of SQS.
const BATCH: usize = 10;

/// The time that an invocation has beyond its longest call, to record the result.
const SPARE: Duration = Duration::from_secs(15);

/// The longest time between two polls of a queue. It is a safety net, since sending wakes the pollers.
const MAX_POLL_INTERVAL: Duration = Duration::from_secs(1);

/// How many messages the dispatcher and the dead-letter function may each have in flight.
const OTHERS: usize = 200;

/// How many bulk assignments may be in flight: each sends thousands of messages.
const BULK: usize = 2;

/// Settings of the pollers.
#[derive(Clone, Copy, Debug)]
pub struct PollSettings {
    /// How many calls may be made at the same time.
    pub concurrency: usize,
    /// The sender's settings.
    pub sender: Settings,
}

/// The pollers of all queues.
#[derive(Debug)]
pub struct Pollers {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

#[derive(Clone, Copy)]
enum Function {
    Dispatcher,
    Sender(Settings),
    DeadLetter,
    Assigner,
}

impl Pollers {
    /// Starts the pollers.
    #[must_use]
    pub fn start(ports: &Local, settings: PollSettings) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        let concurrency = settings.concurrency.max(1);
        let sender = Function::Sender(Settings {
            concurrency,
            ..settings.sender
        });
        for (queue, function, slots) in [
            (Queue::Assignments, Function::Dispatcher, OTHERS),
            (Queue::Deliveries, sender, concurrency),
            (Queue::AssignmentsDeadLetters, Function::DeadLetter, OTHERS),
            (Queue::DeliveriesDeadLetters, Function::DeadLetter, OTHERS),
            (Queue::Bulk, Function::Assigner, BULK),
        ] {
            let poller = Poller {
                ports: ports.clone(),
                queue,
                function,
                slots: Arc::new(Semaphore::new(slots)),
                share: FairShare::of(slots),
                longest: settings.sender.longest_call + SPARE,
                ahead: concurrency.max(BATCH),
                stopped: stopped.clone(),
            };
            tasks.spawn(poller.run());
        }
        Self { stop, tasks }
    }

    /// Stops taking messages, and waits for those in flight.
    pub async fn stop(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

struct Poller {
    ports: Local,
    queue: Queue,
    function: Function,
    slots: Arc<Semaphore>,
    share: FairShare,
    longest: Duration,
    /// How many deliveries may be due, of all stages with assignments, before no more of these are received: with more, files
    /// would only wait at another place, and their records be written to disk in one more form.
    ahead: usize,
    stopped: watch::Receiver<bool>,
}

impl Poller {
    async fn run(self) {
        let mut stopped = self.stopped.clone();
        let poller = Arc::new(self);
        let mut in_flight = JoinSet::new();
        while !*stopped.borrow() {
            tokio::select! {
                step = poller.step(&mut in_flight) => {
                    if let Err(error) = step {
                        tracing::error!(queue = poller.queue.name(), %error, "the queue cannot be read");
                        tokio::time::sleep(MAX_POLL_INTERVAL).await;
                    }
                }
                _ = stopped.changed() => {}
            }
            while in_flight.try_join_next().is_some() {}
        }
        while in_flight.join_next().await.is_some() {}
    }

    async fn step(self: &Arc<Self>, in_flight: &mut JoinSet<()>) -> Result<(), PortError> {
        // Before the queue is read, so that a message sent in between still wakes the poller.
        let sent = self.ports.engine().sent(self.queue);
        let slot = Arc::clone(&self.slots).acquire_owned().await;
        let Ok(mut slots) = slot else {
            return Ok(());
        };
        let more = self.slots.available_permits();
        let free = more + slots.num_permits();
        let more = more.min(BATCH - 1);
        if let Ok(rest) = Arc::clone(&self.slots).try_acquire_many_owned(permits(more)) {
            slots.merge(rest);
        }
        let most = slots.num_permits();
        let share = self.share;
        let paused = self.ports.paused().clone();
        let (queue, ahead) = (self.queue, self.ahead);
        let room = move |group: Group<'_>| {
            let is_full = match queue {
                Queue::Assignments => {
                    group.ahead >= ahead.div_ceil(group.groups) && !paused.holds(group.name)
                }
                Queue::Deliveries => paused.holds(group.name),
                _ => false,
            };
            if is_full {
                0
            } else {
                share.room(free, group.in_flight, group.groups)
            }
        };
        // In a task of its own: if a receive were cancelled, its messages would stay hidden with nobody to
        // handle them.
        let (poller, room_again) = (Arc::clone(self), room.clone());
        let receiving = tokio::spawn(async move {
            let engine = poller.ports.engine();
            engine
                .receive(poller.queue, most, poller.longest * 2, room)
                .await
        });
        let messages = match receiving.await {
            Ok(received) => received?,
            Err(_) => return Ok(()),
        };
        if messages.is_empty() {
            drop(slots);
            let wait = self.wait(room_again).await?;
            let _ = tokio::time::timeout(wait, sent).await;
            return Ok(());
        }
        in_flight.spawn(Arc::clone(self).invoke(messages, slots));
        Ok(())
    }

    async fn wait(
        &self,
        room: impl Fn(Group<'_>) -> usize + Send + 'static,
    ) -> Result<Duration, PortError> {
        let now = Timestamp::from(SystemTime::now());
        let engine = self.ports.engine();
        let due = engine.next_due(self.queue, room).await?;
        let wait = due.map_or(MAX_POLL_INTERVAL, |due| {
            now.until(due).max(Duration::from_millis(5))
        });
        Ok(wait.min(MAX_POLL_INTERVAL))
    }

    async fn invoke(self: Arc<Self>, messages: Vec<Received>, mut slots: OwnedSemaphorePermit) {
        // Slots that a batch which is not full does not need.
        drop(slots.split(slots.num_permits().saturating_sub(messages.len())));
        let event = event(self.queue, &messages);
        let mut context = Context::default();
        let began = Timestamp::from(SystemTime::now());
        let deadline = began.plus(self.longest);
        context.deadline = u64::try_from(deadline.as_millis()).unwrap_or(0);
        let event = LambdaEvent::new(event, context);
        let answer = match self.function {
            Function::Dispatcher => dispatcher::handle(&self.ports, event).await,
            Function::Sender(settings) => {
                sender::handle(&self.ports, &settings, self.ports.recent(), event).await
            }
            Function::DeadLetter => dead_letter::handle(&self.ports, event).await,
            Function::Assigner => {
                assigner::handle(self.ports.engine(), self.ports.observer(), event).await
            }
        };
        // Before the messages are settled, because settling wakes the poller, which must find the slots free.
        drop(slots);
        let failed = match answer {
            Ok(answer) => answer
                .failed
                .into_iter()
                .map(|failed| (failed.record.message_id, failed.retry_after.is_none()))
                .collect(),
            Err(error) => {
                tracing::error!(%error, "the function failed");
                messages
                    .iter()
                    .map(|message| (message.message_id.to_string(), true))
                    .collect()
            }
        };
        self.settle(messages, &failed).await;
    }
}

fn permits(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(0)
}

fn event(queue: Queue, messages: &[Received]) -> SqsEvent {
    let mut event = SqsEvent::default();
    event.records = messages
        .iter()
        .map(|message| {
            let mut record = SqsMessage::default();
            record.message_id = Some(message.message_id.to_string());
            record.body = Some(message.body.clone());
            record.event_source = Some("aws:sqs".to_owned());
            record.event_source_arn =
                Some(format!("arn:aws:sqs:local:000000000000:{}", queue.name()));
            record.attributes.insert(
                "ApproximateReceiveCount".to_owned(),
                message.receive_count.to_string(),
            );
            record
                .attributes
                .insert("MessageGroupId".to_owned(), message.group.clone());
            record
        })
        .collect();
    event
}
