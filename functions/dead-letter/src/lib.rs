//! The dead-letter function. It takes messages that could not be handled, lets their files leave the stage by
//! `failed`, and parks the messages: an internal error may fail a file but never lose it.

use aws_lambda_events::sqs::SqsEvent;
use batch::{Answer, BatchError, Failure, Record, Subject};
use delivery::ports::{Clock, DeadLetterPorts, Observation, Observer, PortErrorKind};
use delivery::usecase::{DeadLettered, Fault, dead_letter, dead_letter_assignment, park};
use delivery::{Assignment, DeadLetter, Delivery, MessageError};
use lambda_runtime::LambdaEvent;

/// How many dead letters are handled at the same time.
const CONCURRENCY: usize = 8;

/// Handles one batch of dead letters. Each one's file leaves its stage by `failed`, and its message is parked
/// for inspection and redrive. If the file went on without the message, that is only deleted.
///
/// # Errors
/// [`BatchError`] when the answer could not name a record; the whole batch then comes back.
pub async fn handle<P: DeadLetterPorts>(
    ports: &P,
    event: LambdaEvent<SqsEvent>,
) -> Result<Answer, BatchError> {
    let records = batch::records(event.payload)?;
    let results = batch::each(&records, CONCURRENCY, |record| handle_record(ports, record)).await;
    Ok(Answer::new(records, results, |failure| {
        ports.observer().observe(Observation::BatchItemFailure {
            function: "dead-letter",
            code: failure.code,
        });
    }))
}

async fn handle_record<P: DeadLetterPorts>(ports: &P, record: &Record) -> Result<(), Failure> {
    let letter = read(&record.body);
    let subject = letter.as_ref().ok().map(Letter::subject);
    let buried = close_and_park(ports, record, letter).await;
    buried.map_err(|fault| {
        Failure::of(fault.code(), &fault)
            .retry_after(fault.retry_after(ports.clock().now()))
            .about(subject)
    })
}

async fn close_and_park<P: DeadLetterPorts>(
    ports: &P,
    record: &Record,
    letter: Result<Letter, MessageError>,
) -> Result<(), Fault> {
    let (queue, became) = match &letter {
        Ok(Letter::Delivery(message)) => ("deliveries", dead_letter(ports, message).await),
        Ok(Letter::Assignment(assignment)) => (
            "assignments",
            dead_letter_assignment(ports, assignment).await,
        ),
        Err(_) => (source(&record.source_arn), Ok(DeadLettered::WithoutEffect)),
    };
    let cause = match (became, letter) {
        (Ok(DeadLettered::Superseded), _) => {
            tracing::warn!(
                queue,
                "a dead letter was deleted because its file has progressed without it"
            );
            return Ok(());
        }
        (Ok(_), Ok(_)) => "received too often without being handled".to_owned(),
        (Ok(_), Err(error)) => error.to_string(),
        // Trying again would not help, because the record stays unreadable. So the letter is parked, where it
        // does not expire unnoticed before the record is repaired.
        (Err(Fault::Port(error)), _) if error.kind == PortErrorKind::Corrupt => error.to_string(),
        (Err(fault), _) => return Err(fault),
    };
    let letter = DeadLetter {
        queue: queue.to_owned(),
        body: record.body.clone(),
        cause,
    };
    park(ports, letter).await
}

/// Which queue's dead-letter queue this is, told by the end of its name, because a stack can have any name.
fn source(arn: &str) -> &'static str {
    let queue = arn.trim_end_matches("-failed").trim_end_matches("-dlq");
    if queue.ends_with("assignments") {
        "assignments"
    } else {
        "deliveries"
    }
}

enum Letter {
    Delivery(Delivery),
    Assignment(Assignment),
}

impl Letter {
    fn subject(&self) -> Subject {
        let (team, item_id, stage_id, delivery_id) = match self {
            Self::Delivery(it) => (&it.team, it.item_id, it.stage_id, Some(it.delivery_id)),
            Self::Assignment(it) => (&it.team, it.item_id, it.stage_id, None),
        };
        Subject {
            team: team.clone(),
            item_id: item_id.to_string(),
            stage_id: stage_id.to_string(),
            delivery_id: delivery_id.map(|id| id.to_string()),
        }
    }
}

/// One function serves both dead-letter queues: neither message can be mistaken for the other, because each
/// requires a field that the other does not have.
fn read(body: &str) -> Result<Letter, MessageError> {
    match Delivery::parse(body) {
        Ok(delivery) => Ok(Letter::Delivery(delivery)),
        Err(_) => Assignment::parse(body).map(Letter::Assignment),
    }
}

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn a_stack_may_be_called_anything() {
        for (arn, queue) in [
            (
                "arn:aws:sqs:eu-west-1:1:assignments-deliveries-failed",
                "deliveries",
            ),
            (
                "arn:aws:sqs:eu-west-1:1:deliveries-assignments-failed",
                "assignments",
            ),
            ("arn:aws:sqs:local:0:assignments-dlq", "assignments"),
            ("arn:aws:sqs:local:0:deliveries-dlq", "deliveries"),
            ("", "deliveries"),
        ] {
            assert_eq!(source(arn), queue, "{arn}");
        }
    }
}
