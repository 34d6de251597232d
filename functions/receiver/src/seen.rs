use std::collections::{HashMap, VecDeque};

/// The most deliveries that are remembered.
const REMEMBERED: usize = 100_000;

/// The deliveries seen recently.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    deliveries: HashMap<String, Before>,
    order: VecDeque<String>,
}

/// The earlier calls of one delivery.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Before {
    pub(crate) calls: usize,
    pub(crate) accepted: bool,
}

impl Seen {
    /// Counts a call, and returns what came before it.
    pub(crate) fn note(&mut self, id: &str) -> Before {
        if let Some(delivery) = self.deliveries.get_mut(id) {
            let before = *delivery;
            delivery.calls += 1;
            return before;
        }
        if self.order.len() == REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.deliveries.remove(&oldest);
        }
        self.deliveries.insert(
            id.to_owned(),
            Before {
                calls: 1,
                accepted: false,
            },
        );
        self.order.push_back(id.to_owned());
        Before::default()
    }

    /// Remembers that a call of the delivery was answered with success.
    pub(crate) fn accept(&mut self, id: &str) {
        if let Some(delivery) = self.deliveries.get_mut(id) {
            delivery.accepted = true;
        }
    }
}
