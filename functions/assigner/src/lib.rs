//! The assigner. It carries out bulk assignments: for each it sends the assignments of the next items, and then the message
//! with the rest.

use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use batch::{Answer, BatchError, Failure, Record};
use delivery::format::{FormatError, LOOK_AGAIN};
use delivery::ports::{Items, Observer, Outgoing, PortError, SendMessages, Workflows};
use delivery::usecase::assign_many;
use delivery::{Assignment, BulkAssignment, DeadLetter};
use lambda_runtime::LambdaEvent;

/// How many messages are handled at the same time.
const CONCURRENCY: usize = 2;

/// Handles one batch of bulk assignments. One that cannot be read is parked for inspection.
///
/// # Errors
/// [`BatchError`] when the answer could not name a record; the whole batch then comes back.
pub async fn handle<S>(
    store: &S,
    observer: &impl Observer,
    event: LambdaEvent<SqsEvent>,
) -> Result<Answer, BatchError>
where
    S: Items
        + Workflows
        + SendMessages<Assignment>
        + SendMessages<BulkAssignment>
        + SendMessages<DeadLetter>,
{
    let records = batch::records(event.payload)?;
    let results = batch::each(&records, CONCURRENCY, |record| one(store, record)).await;
    Ok(Answer::new("assigner", records, results, observer))
}

async fn one<S>(store: &S, record: &Record) -> Result<(), Failure>
where
    S: Items
        + Workflows
        + SendMessages<Assignment>
        + SendMessages<BulkAssignment>
        + SendMessages<DeadLetter>,
{
    match BulkAssignment::parse(&record.body) {
        Ok(bulk) => match assign_many(store, &bulk).await {
            Ok(done) => {
                let (command_id, sent) = (bulk.command_id, done.sent);
                tracing::info!(%command_id, team = bulk.team, sent, "assignments sent");
                Ok(())
            }
            Err(error) => Err(failure(&error)),
        },
        Err(FormatError::Newer(newer)) => Err(Failure {
            code: "newer_format",
            message: newer.to_string(),
            subject: None,
            retry_after: Some(LOOK_AGAIN),
        }),
        Err(FormatError::Unreadable(error)) => {
            let letter = DeadLetter {
                queue: "bulk".to_owned(),
                body: record.body.clone(),
                cause: format!("line {}, column {}", error.line(), error.column()),
            };
            let parked = store.send(vec![Outgoing {
                message: letter,
                delay: Duration::ZERO,
            }]);
            for result in parked.await {
                result.map_err(|error| failure(&error))?;
            }
            Ok(())
        }
    }
}

fn failure(error: &PortError) -> Failure {
    Failure {
        code: error.kind.code(),
        message: error.to_string(),
        subject: None,
        retry_after: error.kind.retry_after(),
    }
}
