use delivery::Delivery;
use delivery::control::Lane;
use delivery::ports::{Outgoing, PortError, PortErrorKind, SendMessages};

use crate::queue::Queue;

/// The two deliveries queues. A message goes to the one of its lane.
#[derive(Clone, Debug)]
pub struct Lanes {
    fast: Queue<Delivery>,
    slow: Queue<Delivery>,
}

impl Lanes {
    /// The deliveries queue, and the one of the slow lane.
    #[must_use]
    pub const fn new(fast: Queue<Delivery>, slow: Queue<Delivery>) -> Self {
        Self { fast, slow }
    }

    /// The queue of the fast lane.
    #[must_use]
    pub const fn fast(&self) -> &Queue<Delivery> {
        &self.fast
    }

    /// Opens a connection before the first message needs it. Both queues are at the same endpoint.
    pub async fn warm(&self) {
        self.fast.warm().await;
    }
}

/// The messages of each lane are sent together, and the results are in the order of the messages.
impl SendMessages<Delivery> for Lanes {
    async fn send(&self, messages: Vec<Outgoing<Delivery>>) -> Vec<Result<(), PortError>> {
        let lanes: Vec<_> = messages.iter().map(|it| it.message.lane).collect();
        let (fast, slow): (Vec<_>, Vec<_>) = messages
            .into_iter()
            .partition(|it| it.message.lane == Lane::Fast);
        let (fast, slow) = tokio::join!(sent(&self.fast, fast), sent(&self.slow, slow));
        let (mut fast, mut slow) = (fast.into_iter(), slow.into_iter());
        let next = |lane| match lane {
            Lane::Fast => fast.next(),
            Lane::Slow => slow.next(),
        };
        let missing = || PortError::new(PortErrorKind::Unavailable, "send messages");
        lanes
            .into_iter()
            .map(next)
            .map(|result| result.unwrap_or_else(|| Err(missing())))
            .collect()
    }
}

async fn sent(
    queue: &Queue<Delivery>,
    messages: Vec<Outgoing<Delivery>>,
) -> Vec<Result<(), PortError>> {
    if messages.is_empty() {
        return Vec::new();
    }
    queue.send(messages).await
}
