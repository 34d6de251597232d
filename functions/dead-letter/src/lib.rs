//! The dead-letter function. It takes messages that could not be handled, lets their files leave the stage by
//! `failed`, and parks the messages: an internal error may fail a file but never lose it.

use aws_lambda_events::sqs::SqsEvent;
use batch::{Answer, BatchError, Failure, Record, Subject};
use delivery::ports::{Clock, PortErrorKind, StepPorts};
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
pub async fn handle<P: StepPorts>(
    ports: &P,
    event: LambdaEvent<SqsEvent>,
) -> Result<Answer, BatchError> {
    let records = batch::records(event.payload)?;
    let results = batch::each(&records, CONCURRENCY, |record| handle_record(ports, record)).await;
    Ok(Answer::new(
        "dead-letter",
        records,
        results,
        ports.observer(),
    ))
}

async fn handle_record<P: StepPorts>(ports: &P, record: &Record) -> Result<(), Failure> {
    let message = read(&record.body);
    if let Err(newer @ MessageError::Newer(_)) = &message {
        // A later version handles it, and no file fails because of an upgrade that was taken back.
        return Err(newer.into());
    }
    let subject = message.as_ref().ok().map(Message::subject);
    let buried = bury(ports, record, message).await;
    buried.map_err(|fault| Failure::of(&fault, subject, ports.clock().now()))
}

async fn bury<P: StepPorts>(
    ports: &P,
    record: &Record,
    message: Result<Message, MessageError>,
) -> Result<(), Fault> {
    let letter = |queue: &str, cause: String| DeadLetter {
        queue: queue.to_owned(),
        body: record.body.clone(),
        cause,
    };
    let cause = || "received too often without being handled".to_owned();
    let (queue, buried) = match message {
        Err(error) => {
            let letter = letter(source(&record.source_arn), error.to_string());
            return park(ports, letter).await;
        }
        Ok(Message::Delivery(message)) => {
            let letter = letter("deliveries", cause());
            ("deliveries", dead_letter(ports, &message, &letter).await)
        }
        Ok(Message::Assignment(assignment)) => {
            let letter = letter("assignments", cause());
            let buried = dead_letter_assignment(ports, &assignment, &letter).await;
            ("assignments", buried)
        }
    };
    match buried {
        // Trying again would not help, because the record stays unreadable. So the letter is parked, where it
        // does not expire unnoticed before the record is repaired.
        Err(Fault::Port(error)) if error.kind == PortErrorKind::Corrupt => {
            park(ports, letter(queue, error.to_string())).await
        }
        Err(fault) => Err(fault),
        Ok(DeadLettered::Superseded) => {
            tracing::warn!(
                queue,
                "a dead letter was deleted because its file has progressed without it"
            );
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}

/// Which queue's dead-letter queue this is, told by the end of its name, because a stack can have any name.
fn source(arn: &str) -> &'static str {
    let queue = arn.trim_end_matches("-dlq");
    if queue.ends_with("assignments") {
        "assignments"
    } else {
        "deliveries"
    }
}

enum Message {
    Delivery(Delivery),
    Assignment(Assignment),
}

impl Message {
    fn subject(&self) -> Subject {
        match self {
            Self::Delivery(delivery) => delivery.into(),
            Self::Assignment(assignment) => assignment.into(),
        }
    }
}

/// One function serves both dead-letter queues: neither message can be mistaken for the other, because each
/// requires a field that the other does not have.
fn read(body: &str) -> Result<Message, MessageError> {
    match (Delivery::parse(body), Assignment::parse(body)) {
        (Ok(delivery), _) => Ok(Message::Delivery(delivery)),
        (_, Ok(assignment)) => Ok(Message::Assignment(assignment)),
        // Each kind of message has a format of its own, and which this one is cannot be told.
        (Err(newer @ MessageError::Newer(_)), _) | (_, Err(newer)) => Err(newer),
    }
}

#[cfg(test)]
mod tests {
    use super::source;

    #[test]
    fn a_stack_may_be_called_anything() {
        for (arn, queue) in [
            (
                "arn:aws:sqs:eu-west-1:1:assignments-deliveries-dlq",
                "deliveries",
            ),
            (
                "arn:aws:sqs:eu-west-1:1:deliveries-assignments-dlq",
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
