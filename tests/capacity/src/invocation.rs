use std::collections::HashMap;

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use batch::{Answer, Return};
use delivery::usecase::DEFAULT_TIMEOUT;
use lambda_runtime::{Context, LambdaEvent};
use sender::Settings;
use tokio::time::{sleep, timeout};

use crate::aws;
use crate::ids;
use crate::lock::lock;
use crate::ports::Environment;
use crate::queue::Received;
use crate::tally::Count;

/// One invocation of the sender. Its place is taken until this returns.
pub(crate) async fn invoke(environment: &Environment, messages: Vec<Received>) {
    let model = environment.model();
    {
        let mut tally = lock(&model.tally);
        tally.invocations += 1;
        tally.billed[environment.lane() as usize].starts(model.time.elapsed());
    }
    let settings = Settings {
        default_timeout: DEFAULT_TIMEOUT,
        longest_call: aws::LONGEST_CALL,
        lanes: model.queues.1.is_some(),
        ..Settings::default()
    };
    let handled = async {
        let event = event(environment, &messages);
        let answer = sender::handle(environment, &settings, environment.recent(), event).await;
        if let Ok(answer) = answer {
            settle(environment, &messages, &answer).await;
        }
    };
    // Lambda ends the invocation then, and its messages come back when their visibility timeout ends.
    let _ = timeout(aws::FUNCTION_TIMEOUT, handled).await;
    lock(&model.tally).billed[environment.lane() as usize].ends(model.time.elapsed());
}

fn event(environment: &Environment, messages: &[Received]) -> LambdaEvent<SqsEvent> {
    let model = environment.model();
    let mut files = lock(&model.files);
    let mut event = SqsEvent::default();
    for message in messages {
        if let Some(file) = item(&message.body).and_then(|number| files.get_mut(number)) {
            file.receives += 1;
            let stage = file.stage;
            model.count(stage, Count::Receives);
        }
        event.records.push(record(message));
    }
    let mut context = Context::default();
    let deadline = model.time.now().plus(aws::FUNCTION_TIMEOUT);
    context.deadline = u64::try_from(deadline.as_millis()).unwrap_or(0);
    LambdaEvent::new(event, context)
}

fn record(message: &Received) -> SqsMessage {
    let mut record = SqsMessage::default();
    record.message_id = Some(message.id.to_string());
    record.body = Some(message.body.clone());
    record.attributes.insert(
        "ApproximateReceiveCount".to_owned(),
        message.receives.to_string(),
    );
    record
}

fn item(body: &str) -> Option<usize> {
    let delivery = delivery::Delivery::parse(body).ok()?;
    Some(ids::number(delivery.item_id))
}

/// Does what the answer says, as `SourceQueue` of `shared/aws` and the mapping do.
async fn settle(environment: &Environment, messages: &[Received], answer: &Answer) {
    let queue = environment.model().queue(environment.lane());
    let failed = answer.failed.iter();
    let failed: HashMap<&str, Return> = failed
        .map(|failed| (failed.record.message_id.as_str(), failed.comes_back()))
        .collect();
    if !failed.is_empty() {
        sleep(aws::SQS).await;
    }
    for message in messages {
        match failed.get(message.id.to_string().as_str()) {
            Some(Return::Counted) => {}
            Some(Return::Sooner(wait)) => queue.comes_back(message, *wait),
            Some(Return::Renewed(wait)) => {
                queue.send(message.body.clone(), *wait);
                queue.delete(message);
            }
            None => queue.delete(message),
        }
    }
}
