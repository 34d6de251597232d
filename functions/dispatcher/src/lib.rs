//! The dispatcher function. It checks each assignment against the rules, opens its delivery, and sends the
//! delivery's message to the sender.

use aws_lambda_events::sqs::SqsEvent;
use batch::{Answer, BatchError, Failure, Record, Subject};
use delivery::Assignment;
use delivery::ports::{Clock, StepPorts};
use delivery::usecase::{Fault, Prepared, finish, prepare};
use lambda_runtime::LambdaEvent;

/// How many assignments are checked at the same time.
const CONCURRENCY: usize = 32;

/// Handles one batch of assignments. Their messages are sent together.
///
/// # Errors
/// [`BatchError`] when the answer could not name a record; the whole batch then comes back.
pub async fn handle<P: StepPorts>(
    ports: &P,
    event: LambdaEvent<SqsEvent>,
) -> Result<Answer, BatchError> {
    let records = batch::records(event.payload)?;
    let opened = batch::each(&records, CONCURRENCY, |record| open(ports, record)).await;
    let mut prepared = Vec::with_capacity(opened.len());
    let subjects: Vec<_> = opened
        .into_iter()
        .map(|opened| {
            opened.map(|(subject, ready)| {
                prepared.push(ready);
                subject
            })
        })
        .collect();
    let mut finished = finish(ports, prepared).await.into_iter();
    let results = subjects
        .into_iter()
        .map(|subject| {
            let subject = subject?;
            // An assignment without a result must not be acknowledged.
            let finished = finished.next().unwrap_or(Err(Fault::Contended));
            finished
                .map(drop)
                .map_err(|fault| Failure::of(&fault, subject, ports.clock().now()))
        })
        .collect();
    Ok(Answer::new(
        "dispatcher",
        records,
        results,
        ports.observer(),
    ))
}

async fn open<P: StepPorts>(ports: &P, record: &Record) -> Result<(Subject, Prepared), Failure> {
    let assignment = Assignment::parse(&record.body)?;
    let subject = Subject::from(&assignment);
    match prepare(ports, &assignment).await {
        Ok(prepared) => Ok((subject, prepared)),
        Err(fault) => Err(Failure::of(&fault, subject, ports.clock().now())),
    }
}
