//! The sender function. It makes the webhook call that each delivery message asks for, records the result, and
//! routes the file or schedules the next attempt.

use std::time::Duration;

use aws_lambda_events::sqs::SqsEvent;
use batch::{Answer, BatchError, Failure, Record, Subject};
use delivery::control::RecentCalls;
use delivery::ports::{Clock, SendPorts};
use delivery::usecase::{Batch, DEFAULT_TIMEOUT, Limits, send};
use delivery::{Delivery, MessageError, Timestamp};
use lambda_runtime::LambdaEvent;

/// Settings of the sender.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How many calls are made at the same time within one batch.
    pub concurrency: usize,
    /// The timeout of stages that do not set one.
    pub default_timeout: Duration,
    /// The longest that any call may take. The function's timeout must be longer by at least
    /// [`delivery::usecase::START_MARGIN`] and the time that it takes to record a result.
    pub longest_call: Duration,
    /// Whether there is a second deliveries queue, the slow lane. Lambda needs it, because it holds a batch until its
    /// slowest call ends.
    pub lanes: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            concurrency: 64,
            default_timeout: DEFAULT_TIMEOUT,
            longest_call: Duration::from_secs(60),
            lanes: true,
        }
    }
}

/// Handles one batch of deliveries. The calls are made concurrently, so that a slow receiver holds up no other.
/// If too little time is left to finish a call, it is not made and its record goes back to the queue. `recent` has the
/// recent calls of this process, by which it judges receivers.
///
/// # Errors
/// [`BatchError`] when the answer could not name a record; the whole batch then comes back.
pub async fn handle<P: SendPorts>(
    ports: &P,
    settings: &Settings,
    recent: &RecentCalls,
    event: LambdaEvent<SqsEvent>,
) -> Result<Answer, BatchError> {
    let limits = Limits {
        deadline: Timestamp::from(event.context.deadline()),
        default_timeout: settings.default_timeout,
        longest_call: settings.longest_call,
        lanes: settings.lanes,
    };
    let records = batch::records(event.payload)?;
    let messages: Vec<_> = records.iter().map(parse).collect();
    let batch = Batch::new(limits, recent, messages.iter().flatten());
    let results = batch::each(&messages, settings.concurrency, |message| {
        deliver(ports, &batch, message)
    })
    .await;
    Ok(Answer::new("sender", records, results, ports.observer()))
}

/// When a message comes again, the record has most likely changed, and a claim that is refused costs as much as a read or
/// more.
fn parse(record: &Record) -> Result<Delivery, MessageError> {
    let mut message = Delivery::parse(&record.body)?;
    if record.receive_count > 1 {
        message.snapshot = None;
    }
    Ok(message)
}

async fn deliver<P: SendPorts>(
    ports: &P,
    batch: &Batch<'_>,
    message: &Result<Delivery, MessageError>,
) -> Result<(), Failure> {
    let message = message.as_ref().map_err(Failure::from)?;
    match send(ports, batch, message).await {
        Ok(_) => Ok(()),
        Err(fault) => Err(Failure::of(
            &fault,
            Subject::from(message),
            ports.clock().now(),
        )),
    }
}
