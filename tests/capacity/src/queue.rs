use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Mutex;
use std::time::Duration;

use delivery::ports::MAX_RECEIVES;
use tokio::sync::Notify;

use crate::aws;
use crate::lock::lock;
use crate::time::Time;

/// A standard queue of SQS, without its fair queues: at-least-once, served by the time at which messages became
/// visible.
#[derive(Debug)]
pub(crate) struct Queue {
    time: Time,
    held: Mutex<Held>,
    /// Held by the one place that waits for a message, so that the others wait in line behind it.
    turn: tokio::sync::Mutex<()>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Held {
    messages: HashMap<u64, Stored>,
    /// When messages become visible. What says another time than its message is out of date.
    visible: BinaryHeap<Reverse<(Duration, u64)>>,
    next_id: u64,
    dead_letters: usize,
}

#[derive(Debug)]
struct Stored {
    body: String,
    visible_at: Duration,
    receives: u32,
}

/// A message in flight.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) id: u64,
    pub(crate) body: String,
    /// Also its receipt: it may be deleted until it is received again.
    pub(crate) receives: u32,
}

impl Queue {
    pub(crate) fn new(time: Time) -> Self {
        Self {
            time,
            held: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            arrived: Notify::new(),
        }
    }

    pub(crate) fn send(&self, body: String, delay: Duration) {
        let visible_at = self.time.elapsed() + whole_seconds(delay);
        let mut held = lock(&self.held);
        let id = held.next_id;
        held.next_id += 1;
        let receives = 0;
        held.messages.insert(
            id,
            Stored {
                body,
                visible_at,
                receives,
            },
        );
        held.visible.push(Reverse((visible_at, id)));
        self.arrived.notify_one();
    }

    /// Waits for messages, and takes up to `most` of those that are visible.
    pub(crate) async fn receive(&self, most: usize) -> Vec<Received> {
        let _turn = self.turn.lock().await;
        loop {
            let (taken, next) = lock(&self.held).take(self.time.elapsed(), most);
            if !taken.is_empty() {
                return taken;
            }
            match next {
                Some(visible_at) => {
                    let visible = tokio::time::sleep_until(self.time.at(visible_at));
                    tokio::select! { () = visible => {}, () = self.arrived.notified() => {} }
                }
                None => self.arrived.notified().await,
            }
        }
    }

    pub(crate) fn delete(&self, message: &Received) {
        let mut held = lock(&self.held);
        if held.is_current(message) {
            held.messages.remove(&message.id);
        }
    }

    /// `ChangeMessageVisibility`.
    pub(crate) fn comes_back(&self, message: &Received, wait: Duration) {
        let visible_at = self.time.elapsed() + whole_seconds(wait);
        let mut held = lock(&self.held);
        if held.is_current(message) {
            held.hide(message.id, visible_at);
            self.arrived.notify_one();
        }
    }

    /// How many messages were received too often.
    pub(crate) fn dead_letters(&self) -> usize {
        lock(&self.held).dead_letters
    }
}

impl Held {
    /// What is visible, oldest first; or else when the next message will be.
    fn take(&mut self, now: Duration, most: usize) -> (Vec<Received>, Option<Duration>) {
        let mut taken = Vec::new();
        while let Some(&Reverse((visible_at, id))) = self.visible.peek() {
            let stored = self.messages.get_mut(&id);
            let Some(stored) = stored.filter(|stored| stored.visible_at == visible_at) else {
                self.visible.pop();
                continue;
            };
            if visible_at > now || taken.len() == most {
                return (taken, Some(visible_at));
            }
            self.visible.pop();
            if stored.receives == MAX_RECEIVES {
                self.messages.remove(&id);
                self.dead_letters += 1;
                continue;
            }
            stored.receives += 1;
            taken.push(Received {
                id,
                body: stored.body.clone(),
                receives: stored.receives,
            });
            self.hide(id, now + aws::VISIBILITY);
        }
        (taken, None)
    }

    fn hide(&mut self, id: u64, until: Duration) {
        if let Some(stored) = self.messages.get_mut(&id) {
            stored.visible_at = until;
            self.visible.push(Reverse((until, id)));
        }
    }

    fn is_current(&self, message: &Received) -> bool {
        let stored = self.messages.get(&message.id);
        stored.is_some_and(|stored| stored.receives == message.receives)
    }
}

/// SQS counts in whole seconds; the product rounds up.
fn whole_seconds(delay: Duration) -> Duration {
    let units = delay.as_nanos().div_ceil(aws::DELAY_UNIT.as_nanos());
    aws::DELAY_UNIT * u32::try_from(units).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use tokio::time::sleep;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn bodies(received: &[Received]) -> Vec<&str> {
        let bodies = received.iter().map(|message| message.body.as_str());
        bodies.collect()
    }

    #[tokio::test(start_paused = true)]
    async fn messages_come_in_the_order_in_which_they_become_visible() {
        let time = Time::begins();
        let queue = Queue::new(time);
        queue.send("delayed".to_owned(), SECOND / 10);
        queue.send("first".to_owned(), Duration::ZERO);
        queue.send("second".to_owned(), Duration::ZERO);
        assert_eq!(bodies(&queue.receive(10).await), ["first", "second"]);
        assert_eq!(bodies(&queue.receive(10).await), ["delayed"]);
        assert_eq!(time.elapsed(), SECOND, "delays are whole seconds");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_not_deleted_comes_back_until_it_is_a_dead_letter() {
        let queue = Queue::new(Time::begins());
        queue.send("poison".to_owned(), Duration::ZERO);
        let first = queue.receive(1).await;
        for receives in 2..=MAX_RECEIVES {
            let again = queue.receive(1).await;
            assert_eq!(again[0].receives, receives);
        }
        queue.delete(&first[0]);
        let more = tokio::time::timeout(aws::VISIBILITY * 2, queue.receive(1)).await;
        assert!(more.is_err(), "received a sixth time");
        assert_eq!(queue.dead_letters(), 1, "an old receipt deletes nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_comes_sooner_wakes_whoever_waits() {
        let time = Time::begins();
        let queue = Queue::new(time);
        queue.send("later".to_owned(), SECOND * 100);
        let sends = async {
            sleep(SECOND).await;
            queue.send("now".to_owned(), Duration::ZERO);
        };
        let (received, ()) = tokio::join!(queue.receive(10), sends);
        assert_eq!(bodies(&received), ["now"]);
        queue.comes_back(&received[0], SECOND * 2);
        assert_eq!(bodies(&queue.receive(10).await), ["now"]);
        assert_eq!(time.elapsed(), SECOND * 3);
    }
}
