//! The dispatcher function. It checks each assignment against the rules, opens its delivery, and sends the
//! delivery's message to the sender.

use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use batch::{Answer, BatchError, Failure, Record, Subject};
use delivery::ports::{
    Clock, DispatchPorts, Observation, Observer, Outgoing, PortError, PortErrorKind, SendMessages,
};
use delivery::usecase::{Dispatched, Fault, dispatch};
use delivery::{Assignment, Delivery};
use lambda_runtime::LambdaEvent;

/// How many assignments are checked at the same time.
const CONCURRENCY: usize = 32;

/// Handles one batch of assignments.
///
/// The messages of the whole batch are sent together, because ten messages in one request cost no more than
/// one. An assignment is acknowledged only if its own delivery's message was sent.
///
/// # Errors
/// [`BatchError`] when the answer could not name a record; the whole batch then comes back.
pub async fn handle<P: DispatchPorts>(
    ports: &P,
    event: LambdaEvent<SqsEvent>,
) -> Result<Answer, BatchError> {
    let records = batch::records(event.payload)?;
    let opened = batch::each(&records, CONCURRENCY, |record| open(ports, record)).await;
    let mut waiting = Vec::new();
    let mut results: Vec<Result<(), Failure>> = Vec::with_capacity(opened.len());
    let mut outgoing = Vec::new();
    for result in opened {
        let result = result.map(|delivery| {
            if let Some(message) = delivery {
                waiting.push((results.len(), subject_of(&message)));
                outgoing.push(Outgoing {
                    message,
                    delay: Duration::ZERO,
                });
            }
        });
        results.push(result);
    }
    if !outgoing.is_empty() {
        let mut sent = ports.deliveries().send(outgoing).await.into_iter();
        for (index, subject) in waiting {
            // Fewer results than messages would be a bug of an adapter; an assignment without a result goes back.
            let missing =
                || PortError::new(PortErrorKind::Unavailable, "send to deliveries: no answer");
            if let Err(error) = sent.next().unwrap_or_else(|| Err(missing())) {
                results[index] = Err(failure(ports, error.into()).about(subject));
            }
        }
    }
    Ok(Answer::new(records, results, |failure| {
        ports.observer().observe(Observation::BatchItemFailure {
            function: "dispatcher",
            code: failure.code,
        });
    }))
}

async fn open<P: DispatchPorts>(ports: &P, record: &Record) -> Result<Option<Delivery>, Failure> {
    let assignment =
        Assignment::parse(&record.body).map_err(|error| Failure::of(error.code(), &error))?;
    match dispatch(ports, &assignment).await {
        Ok(Dispatched::Deliver(delivery)) => Ok(Some(*delivery)),
        Ok(_) => Ok(None),
        Err(fault) => Err(failure(ports, fault).about(Subject {
            team: assignment.team,
            item_id: assignment.item_id.to_string(),
            stage_id: assignment.stage_id.to_string(),
            delivery_id: None,
        })),
    }
}

fn failure<P: DispatchPorts>(ports: &P, fault: Fault) -> Failure {
    Failure::of(fault.code(), &fault).retry_after(fault.retry_after(ports.clock().now()))
}

fn subject_of(delivery: &Delivery) -> Subject {
    Subject {
        team: delivery.team.clone(),
        item_id: delivery.item_id.to_string(),
        stage_id: delivery.stage_id.to_string(),
        delivery_id: Some(delivery.delivery_id.to_string()),
    }
}
