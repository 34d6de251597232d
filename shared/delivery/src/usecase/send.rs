use std::time::Duration;

use workflow::{StageSecrets, WebhookConfig};

use super::batch::Batch;
use super::carry_out::{carry_out, carry_out_from};
use super::fault::Fault;
use super::file::{Decision, File};
use super::limits::{LEASE_MARGIN, START_MARGIN};
use super::stage::Stage;
use super::write::{Conflict, write};
use crate::answer::Answer;
use crate::machine::{
    FromHistory, SenderStep, Sent, Step, claim, next_leg, put_off_after_call, record_attempt,
    send_step,
};
use crate::message::Delivery;
use crate::ports::{
    Call, Caller, Clock, DocumentError, Documents, Freshness, Secrets, SendPorts, StepPorts, Wanted,
};
use crate::reason::Reason;
use crate::retry::{self, Policy};
use crate::state::{DeliveryState, FileState};
use crate::time::Timestamp;
use crate::trace::Trace;

/// How far the clocks of two senders may differ. A call that might outlive its lease by the other's clock is
/// not started.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(5);

/// How much of the invocation's time must be left beyond the timeout once the attempt is claimed.
const RECORD_MARGIN: Duration = Duration::from_secs(1);

/// Makes the attempt that a delivery message asks for, if it has not been made yet, and routes the file.
///
/// # Errors
/// [`Fault`]: the message must stay on its queue.
pub async fn send<P: SendPorts>(
    ports: &P,
    batch: &Batch<'_>,
    message: &Delivery,
) -> Result<Sent, Fault> {
    let mut file = File::of_message(ports, message).await?;
    if let Some(seen) = &file.state
        && let Some(leg) = next_leg(message, seen, ports.clock().now())
    {
        // Nothing else is read: thousands of files may wait for a day, a message every quarter of an hour each.
        return match carry_out_from(ports, Some(seen), vec![leg]).await? {
            None => Ok(Sent::Waits),
            Some(_) => Err(Fault::Contended),
        };
    }
    let mut stage = Stage::read(ports, batch, message).await?;
    let mut ready = None;
    loop {
        let gate = stage.gate();
        let decide = |state: Option<&FileState>, history: &FromHistory, now| match state {
            Some(state) => send_step(message, state, history, gate.as_ref(), now),
            None => Step::Do(Vec::new(), Sent::Repeated),
        };
        let decision = file.decide(decide).await?;
        let Some(current) = &file.state else {
            return Err(Fault::UnknownFile(message.key()));
        };
        let sent = match decision {
            Decision::Do(effects, sent) => carry_out_from(ports, Some(current), effects)
                .await?
                .map_or(Ok(sent), Err),
            Decision::Sender(SenderStep::Probe(next)) => {
                // A delivery that is over must not take the probe from those that wait.
                if !file.read_again().await? {
                    stage.probe(ports, *next).await?;
                }
                continue;
            }
            Decision::Sender(SenderStep::Reserve(pace)) => {
                stage.reserve(ports, batch, pace).await?;
                continue;
            }
            Decision::Sender(SenderStep::Ask(number)) => {
                match ask(ports, &stage, message, number).await? {
                    Ok(call) => {
                        stage.is_wanted = Some(call.is_some());
                        ready = call;
                        continue;
                    }
                    Err(unprepared) => {
                        attempt(ports, batch, &stage, message, Err(unprepared), current).await?
                    }
                }
            }
            Decision::Sender(SenderStep::Call(number)) => {
                let prepared = match ready.take() {
                    Some(call) => Ok(call),
                    None => prepare(ports, &stage, message, number).await?,
                };
                attempt(ports, batch, &stage, message, prepared, current).await?
            }
            Decision::Sender(SenderStep::Fail(reason)) => {
                let failed = Err(Unprepared::from(reason));
                attempt(ports, batch, &stage, message, failed, current).await?
            }
        };
        match sent {
            Ok(sent) => return Ok(sent),
            Err(conflict) => file.overtaken(conflict)?,
        }
    }
}

/// Claims, calls and records one attempt, or records without a call that it failed. Everything that can fail internally
/// comes before the claim, because after a claim that is not used the file has to wait until the lease ends.
///
/// The inner error: somebody else wrote first, and no call was made.
async fn attempt<P: SendPorts>(
    ports: &P,
    batch: &Batch<'_>,
    stage: &Stage,
    message: &Delivery,
    prepared: Prepared<P>,
    current: &FileState,
) -> Result<Result<Sent, Conflict>, Fault> {
    let (limits, timeout) = (&batch.limits, stage.timeout);
    let claimed_at = ports.clock().now();
    if claimed_at.until(limits.deadline) < timeout + START_MARGIN {
        return Err(Fault::OutOfTime);
    }
    let lease_until = claimed_at.plus(timeout + LEASE_MARGIN);
    let claim_id = ports.clock().unique_id();
    let claimed = claim(current, claim_id, lease_until, stage.is_wanted, claimed_at);
    if let Some(found) = write(ports, Vec::new(), &claimed).await? {
        return Ok(Err(found));
    }
    let started = ports.clock().now();
    if started.plus(timeout + MAX_CLOCK_SKEW) >= lease_until {
        // The claim took so long that the call could outlive its lease, and another sender would call again.
        return Err(Fault::OutOfTime);
    }
    if started.until(limits.deadline) < timeout + RECORD_MARGIN {
        // Or so long that the invocation could end during the call, together with all others of the batch.
        return Err(Fault::OutOfTime);
    }
    let called = prepared.as_ref().ok().map(|call| call.attempt);
    let answer = match prepared {
        Ok(call) => {
            let call = Call {
                traceparent: trace_of(&claimed, message).call(claim_id),
                sent_at: started,
                ..call
            };
            ports.caller().call(call).await?
        }
        Err(Unprepared(reason, detail)) => Answer {
            detail,
            ..Answer::no_call(reason)
        },
    };
    let sent = record(ports, stage, &claimed, message, &answer, started).await;
    if let Some(number) = called
        && !matches!(sent, Ok(Sent::Succeeded | Sent::Retrying | Sent::Failed))
    {
        report_uncounted(message, number, &answer);
    }
    let sent = sent?;
    stage
        .learn(ports, batch, message.delivery_id, &answer)
        .await;
    let config = stage.config();
    refresh_secrets_after_refusal(ports, &message.team, config, &answer).await;
    Ok(Ok(sent))
}

fn trace_of(state: &FileState, message: &Delivery) -> Trace {
    let begun = || Trace::begun_by(message.delivery_id);
    state
        .delivery
        .as_ref()
        .map_or_else(begun, DeliveryState::trace)
}

type Reader<P> = <<P as StepPorts>::Documents as Documents>::Reader;

/// The call of an attempt, or why there can be none.
type Prepared<P> = Result<Call<Reader<P>>, Unprepared>;

/// Why no call can be made, with details for people.
struct Unprepared(Reason, Option<String>);

impl From<Reason> for Unprepared {
    fn from(reason: Reason) -> Self {
        Self(reason, None)
    }
}

/// The call, if the stage's condition holds for the file.
async fn ask<P: SendPorts>(
    ports: &P,
    stage: &Stage,
    message: &Delivery,
    attempt: u32,
) -> Result<Result<Option<Call<Reader<P>>>, Unprepared>, Fault> {
    let call = match prepare(ports, stage, message, attempt).await? {
        Ok(call) => call,
        Err(unprepared) => return Ok(Err(unprepared)),
    };
    Ok(match ports.caller().wants(&call).await? {
        Wanted::Yes => Ok(Some(call)),
        Wanted::No => Ok(None),
        Wanted::Unclear(reason, detail) => Err(Unprepared(reason, detail)),
    })
}

/// The call of an attempt, with the current stage, its secrets and the document.
async fn prepare<P: SendPorts>(
    ports: &P,
    stage: &Stage,
    message: &Delivery,
    attempt: u32,
) -> Result<Prepared<P>, Fault> {
    let config = match (&stage.workflow, stage.config()) {
        (None, _) => return Ok(Err(Reason::WorkflowMissing.into())),
        (Some(_), None) => return Ok(Err(Reason::StageMissing.into())),
        (Some(_), Some(config)) => config,
    };
    let secrets = match &config.secret_ref {
        None => Some(StageSecrets::default()),
        Some(reference) => {
            ports
                .secrets()
                .stage_secrets(&message.team, reference, Freshness::Cached)
                .await?
        }
    };
    let Some(secrets) = secrets else {
        return Ok(Err(Reason::SecretMissing.into()));
    };
    let document = ports.documents();
    let document = document
        .open(&message.key(), message.document.as_ref())
        .await;
    let document = match document {
        Ok(document) => document,
        Err(DocumentError::Reason(reason)) => return Ok(Err(reason.into())),
        Err(DocumentError::Port(error)) => return Err(error.into()),
    };
    let (workflow_name, stage_name) = stage.names();
    Ok(Ok(Call {
        config: config.clone(),
        secrets,
        document,
        team: message.team.clone(),
        workflow_name,
        stage_name,
        delivery_id: message.delivery_id,
        workflow_id: message.workflow_id,
        stage_id: message.stage_id,
        attempt,
        // What a condition sees of the time. The call itself gets the moment and the claim of its attempt.
        sent_at: ports.clock().now(),
        traceparent: Trace::begun_by(message.delivery_id).call(message.delivery_id),
        timeout: stage.timeout,
        fresh_connection: Policy::of(config).needs_fresh_connection(attempt),
    }))
}

/// A 401 or 403 may mean that the value was rotated, so the next attempt must not use the cached one. API
/// Gateway answers 403 when an authorizer denies, and 401 only when the header is missing. The same goes for an
/// authorization server that gives no token, which may have been shown an old client secret.
async fn refresh_secrets_after_refusal<P: SendPorts>(
    ports: &P,
    team: &str,
    config: Option<&WebhookConfig>,
    answer: &Answer,
) {
    let reference = config.and_then(|config| config.secret_ref.as_ref());
    let may_be_old = matches!(
        answer.result,
        Ok(401 | 403) | Err(Reason::AuthorizationFailed)
    );
    if let (true, Some(reference)) = (may_be_old, reference)
        && let Err(error) = ports
            .secrets()
            .stage_secrets(team, reference, Freshness::Latest)
            .await
    {
        tracing::warn!(
            code = error.kind.code(),
            "secrets could not be refreshed after the receiver refused them"
        );
    }
}

async fn record<P: SendPorts>(
    ports: &P,
    stage: &Stage,
    claimed: &FileState,
    message: &Delivery,
    answer: &Answer,
    started: Timestamp,
) -> Result<Sent, Fault> {
    let is_paused = stage.pause_if_told(ports, answer).await?;
    let now = ports.clock().now();
    let recorded = if is_paused && retry::failure(answer).is_some() {
        put_off_after_call(message, claimed, now).map(|effects| (effects, Sent::PutOff))
    } else {
        let (workflow, config) = (stage.workflow.as_deref(), stage.config());
        record_attempt(workflow, config, claimed, message, answer, started, now)
    };
    let (effects, sent) = recorded.ok_or(Fault::Contended)?;
    match carry_out(ports, effects).await? {
        None => Ok(sent),
        Some(_) => Err(Fault::Contended),
    }
}

/// The observer is told of attempts once they are on record, so a call whose attempt is not would leave no trace.
fn report_uncounted(message: &Delivery, attempt: u32, answer: &Answer) {
    tracing::warn!(
        team = %message.team, item_id = %message.item_id, stage_id = %message.stage_id,
        delivery_id = %message.delivery_id, attempt, status = answer.result.ok(),
        reason = retry::failure(answer).map(Reason::code),
        duration_ms = answer.duration.as_millis(),
        "the receiver was called, and the attempt is not counted or may not be on record"
    );
}
