use delivery::ports::{Outgoing, PortError, Queue, SendMessages};
use delivery::{Assignment, DeadLetter, Delivery, Grouped};

use crate::engine::Engine;
use crate::queues::now;
use crate::store::Posted;

impl SendMessages<Assignment> for Engine {
    async fn send(&self, messages: Vec<Outgoing<Assignment>>) -> Vec<Result<(), PortError>> {
        send(self, Queue::Assignments, messages).await
    }
}

impl SendMessages<Delivery> for Engine {
    async fn send(&self, messages: Vec<Outgoing<Delivery>>) -> Vec<Result<(), PortError>> {
        send(self, Queue::Deliveries, messages).await
    }
}

impl SendMessages<DeadLetter> for Engine {
    async fn send(&self, messages: Vec<Outgoing<DeadLetter>>) -> Vec<Result<(), PortError>> {
        send(self, Queue::Parked, messages).await
    }
}

/// All messages that can be sent are sent in one commit; each of the others gets an error of its own.
async fn send<M: Grouped>(
    engine: &Engine,
    queue: Queue,
    messages: Vec<Outgoing<M>>,
) -> Vec<Result<(), PortError>> {
    let mut results = Vec::with_capacity(messages.len());
    let mut posted = Vec::with_capacity(messages.len());
    for outgoing in &messages {
        match post(outgoing) {
            Ok(message) => {
                posted.push(message);
                results.push(Ok(()));
            }
            Err(error) => results.push(Err(error)),
        }
    }
    if posted.is_empty() {
        return results;
    }
    if let Err(error) = engine.post(queue, posted).await {
        let failed = |result: &Result<(), PortError>| result.is_ok();
        for result in results.iter_mut().filter(|result| failed(result)) {
            let cause = error.source.as_ref().map(ToString::to_string);
            *result = Err(match cause {
                Some(cause) => PortError::caused(error.kind, error.what, cause),
                None => PortError::new(error.kind, error.what),
            });
        }
    }
    results
}

fn post<M: Grouped>(outgoing: &Outgoing<M>) -> Result<Posted, PortError> {
    let body = outgoing.body()?;
    let delay = i64::try_from(outgoing.delay.as_millis()).unwrap_or(i64::MAX);
    Ok(Posted {
        group: outgoing.message.group().unwrap_or_default(),
        body,
        visible_at: now().saturating_add(delay),
    })
}
