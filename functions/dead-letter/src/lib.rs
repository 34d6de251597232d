//! The dead-letter function: a message that nobody could handle costs a failed file, never a lost one.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use batch::{BatchError, Failure, Record};
use delivery::ports::DeadLetterPorts;
use delivery::usecase::{Fault, dead_letter, dead_letter_assignment, park};
use delivery::{Assignment, DeadLetter, Delivery, MessageError};
use lambda_runtime::LambdaEvent;

/// Dead letters handled at the same time.
const CONCURRENCY: usize = 8;

/// Handles one batch of dead letters: each one's file leaves its stage by `failed`, and its message
/// is parked for inspection and redrive.
///
/// # Errors
/// [`BatchError`] when the answer could not name a record; the whole batch then comes back.
pub async fn handle<P: DeadLetterPorts>(
    ports: &P,
    event: LambdaEvent<SqsEvent>,
) -> Result<SqsBatchResponse, BatchError> {
    let records = batch::records(event.payload)?;
    let results = batch::each(records, CONCURRENCY, |record| bury(ports, record)).await;
    Ok(batch::response(&results))
}

async fn bury<P: DeadLetterPorts>(ports: &P, record: Record) -> Result<(), Failure> {
    let (queue, cause) = match read(&record.body) {
        Ok(Letter::Delivery(message)) => {
            dead_letter(ports, &message).await.map_err(failed)?;
            (
                "deliveries",
                "received too often without being handled".to_owned(),
            )
        }
        Ok(Letter::Assignment(assignment)) => {
            dead_letter_assignment(ports, &assignment)
                .await
                .map_err(failed)?;
            (
                "assignments",
                "received too often without being handled".to_owned(),
            )
        }
        Err(error) if record.source_arn.contains("assignments") => {
            ("assignments", error.to_string())
        }
        Err(error) => ("deliveries", error.to_string()),
    };
    let letter = DeadLetter {
        queue: queue.to_owned(),
        body: record.body,
        cause,
    };
    park(ports, letter).await.map_err(failed)
}

enum Letter {
    Delivery(Delivery),
    Assignment(Assignment),
}

/// One function serves both dead-letter queues: the two messages have no required field in common
/// that could mistake one for the other.
fn read(body: &str) -> Result<Letter, MessageError> {
    match Delivery::parse(body) {
        Ok(delivery) => Ok(Letter::Delivery(delivery)),
        Err(_) => Assignment::parse(body).map(Letter::Assignment),
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn failed(fault: Fault) -> Failure {
    Failure::of(fault.code(), &fault)
}
