use std::sync::Arc;
use std::time::Duration;

use workflow::{StageSecrets, WebhookConfig, Workflow};

use super::exit::{commit_exit, emit, replay_exit, republish_exit};
use super::fault::Fault;
use super::write::{Conflict, send_one, write};
use crate::document::Document;
use crate::machine::{NextStep, RecordedAttempt, SendDecision, claim, decide_send, record_attempt};
use crate::message::Delivery;
use crate::ports::{
    Answer, Call, Caller, Clock, DispatchPorts, DocumentError, Documents, ExitPorts, FileStates,
    Freshness, History, Observation, Observer, Secrets, SendPorts, Workflows,
};
use crate::reason::Reason;
use crate::retry::Policy;
use crate::state::{FileState, Outcome};
use crate::time::Timestamp;

/// The time limit of the whole exchange if the stage does not set a `timeout`: 30 s.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// How much longer than the call's deadline a claim lasts, so that the result can be recorded.
pub const LEASE_MARGIN: Duration = Duration::from_secs(15);

/// A call is started only if at least its timeout and this much time are left of the invocation.
pub const START_MARGIN: Duration = Duration::from_secs(2);

/// How far the clocks of two senders may differ. A call that might outlive its lease by the other's clock is
/// not started.
const MAX_CLOCK_SKEW: Duration = Duration::from_secs(5);

/// How much of the invocation's time must be left beyond the timeout once the attempt is claimed.
const RECORD_MARGIN: Duration = Duration::from_secs(1);

/// How often others may write the record in between before the message is left for later.
const MAX_CONFLICTS: usize = 4;

/// The limits on a call that the invocation sets.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// When the invocation ends.
    pub deadline: Timestamp,
    /// The timeout of stages that do not set one.
    pub default_timeout: Duration,
    /// The longest that any call may take, whatever its stage says; less than the invocation's timeout.
    pub longest_call: Duration,
}

/// The result for a delivery message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// The receiver accepted the file.
    Succeeded,
    /// The attempt failed and the next one is queued.
    Retrying,
    /// The delivery failed for good.
    Failed,
    /// No call was made: a step that may have been lost was repeated, or the visit was already over.
    Repeated,
}

/// Makes the attempt that a delivery message asks for, if it has not been made yet, and routes the file.
///
/// # Errors
/// [`Fault`]: the message must stay on its queue.
pub async fn send<P: SendPorts>(
    ports: &P,
    message: &Delivery,
    limits: &Limits,
) -> Result<Sent, Fault> {
    let key = message.key();
    let mut state = ports.states().get(&key).await?;
    for _ in 0..MAX_CONFLICTS {
        let Some(current) = state else {
            return Err(Fault::UnknownFile(key));
        };
        match decide_send(message, &current, ports.clock().now()) {
            SendDecision::Claim => {}
            SendDecision::LeaseHeld(until) => return Err(Fault::LeaseHeld(until)),
            SendDecision::Reenqueue { delivery, delay } => {
                send_one(ports.deliveries(), *delivery, delay).await?;
                return Ok(Sent::Repeated);
            }
            SendDecision::ReenqueueAssignment { assignment, left } => {
                emit(ports, left.as_deref(), Some(*assignment)).await?;
                return Ok(Sent::Repeated);
            }
            SendDecision::Done(left) => {
                replay_exit(ports, left.as_deref(), message.document.as_ref()).await?;
                return Ok(Sent::Repeated);
            }
            SendDecision::NeedsHistory => {
                republish_exit(ports, &key, message.delivery_id).await?;
                return Ok(Sent::Repeated);
            }
        }
        match attempt(ports, message, &current, limits).await? {
            Ok(sent) => return Ok(sent),
            Err(Conflict(found)) => state = found,
        }
    }
    Err(Fault::Contended)
}

/// Prepares, claims, calls and records one attempt. The inner error: somebody else wrote first, and
/// no call was made.
async fn attempt<P: SendPorts>(
    ports: &P,
    message: &Delivery,
    current: &FileState,
    limits: &Limits,
) -> Result<Result<Sent, Conflict>, Fault> {
    // Everything that can fail internally comes before the claim, because after a claim that is not used
    // the file has to wait until the lease ends.
    let workflow = ports
        .workflows()
        .workflow(&message.team, message.workflow_id)
        .await?;
    let prepared = prepare(ports, workflow.as_deref(), message).await?;
    let timeout = prepared
        .config
        .as_ref()
        .and_then(|config| config.timeout)
        .unwrap_or(limits.default_timeout)
        .min(limits.longest_call);
    let claimed_at = ports.clock().now();
    if claimed_at.until(limits.deadline) < timeout + START_MARGIN {
        return Err(Fault::OutOfTime);
    }
    let lease_until = claimed_at.plus(timeout + LEASE_MARGIN);
    let claimed = claim(current, ports.clock().unique_id(), lease_until, claimed_at);
    if let Some(found) = write(ports.states(), &claimed).await? {
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
    let answer = match prepared.ready {
        Ok(ready) => {
            let call = ready.into_call(message, started, timeout);
            ports.caller().call(call).await?
        }
        Err(reason) => no_call(reason),
    };
    let config = prepared.config.as_ref();
    let sent = record(ports, workflow, config, &claimed, message, &answer, started).await?;
    refresh_secrets_after_refusal(ports, &message.team, config, &answer).await;
    Ok(Ok(sent))
}

struct Prepared<R> {
    config: Option<WebhookConfig>,
    ready: Result<Ready<R>, Reason>,
}

struct Ready<R> {
    config: WebhookConfig,
    secrets: StageSecrets,
    document: Document<R>,
}

impl<R> Ready<R> {
    fn into_call(self, message: &Delivery, sent_at: Timestamp, timeout: Duration) -> Call<R> {
        Call {
            fresh_connection: Policy::of(&self.config).needs_fresh_connection(message.attempt),
            url: self.config.url,
            secrets: self.secrets,
            document: self.document,
            include_annotations: self.config.include_annotations,
            presigned_url_expiry: self.config.presigned_url_expiry,
            delivery_id: message.delivery_id,
            workflow_id: message.workflow_id,
            stage_id: message.stage_id,
            attempt: message.attempt,
            sent_at,
            timeout,
        }
    }
}

type Reader<P> = <<P as ExitPorts>::Documents as Documents>::Reader;

/// The current stage, its secrets and the document; or the reason why no call can be made.
async fn prepare<P: SendPorts>(
    ports: &P,
    workflow: Option<&Workflow>,
    message: &Delivery,
) -> Result<Prepared<Reader<P>>, Fault> {
    let Some(workflow) = workflow else {
        return Ok(Prepared {
            config: None,
            ready: Err(Reason::WorkflowMissing),
        });
    };
    let config = workflow
        .stage(message.stage_id)
        .and_then(|stage| stage.webhook.clone());
    let Some(config) = config else {
        return Ok(Prepared {
            config: None,
            ready: Err(Reason::StageMissing),
        });
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
        return Ok(Prepared {
            config: Some(config),
            ready: Err(Reason::SecretMissing),
        });
    };
    let ready = match ports
        .documents()
        .open(&message.key(), message.document.as_ref())
        .await
    {
        Ok(document) => Ok(Ready {
            config: config.clone(),
            secrets,
            document,
        }),
        Err(DocumentError::Reason(reason)) => Err(reason),
        Err(DocumentError::Port(error)) => return Err(error.into()),
    };
    Ok(Prepared {
        config: Some(config),
        ready,
    })
}

fn no_call(reason: Reason) -> Answer {
    Answer {
        result: Err(reason),
        retry_after: None,
        duration: Duration::ZERO,
        request_bytes: 0,
        response_excerpt: String::new(),
        detail: None,
    }
}

/// A 401 or 403 may mean that the value was rotated, so the next attempt must not use the cached one. API
/// Gateway answers 403 when an authorizer denies, and 401 only when the header is missing.
async fn refresh_secrets_after_refusal<P: SendPorts>(
    ports: &P,
    team: &str,
    config: Option<&WebhookConfig>,
    answer: &Answer,
) {
    let reference = config.and_then(|config| config.secret_ref.as_ref());
    if let (Ok(401 | 403), Some(reference)) = (answer.result, reference)
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
    workflow: Option<Arc<Workflow>>,
    config: Option<&WebhookConfig>,
    claimed: &FileState,
    message: &Delivery,
    answer: &Answer,
    started: Timestamp,
) -> Result<Sent, Fault> {
    let now = ports.clock().now();
    let attempted = record_attempt(
        workflow.as_deref(),
        config,
        claimed,
        message,
        answer,
        started,
        now,
    );
    let Some(RecordedAttempt {
        summary,
        record,
        next_step,
    }) = attempted
    else {
        return Err(Fault::Contended);
    };
    let lag = claimed
        .delivery
        .as_ref()
        .map_or(Duration::ZERO, |d| d.next_at.until(started));
    tracing::info!(
        team = %message.team, item_id = %message.item_id, stage_id = %message.stage_id,
        delivery_id = %message.delivery_id, attempt = message.attempt, status = summary.status,
        reason = summary.reason.map(Reason::code), duration_ms = summary.duration_ms, "attempt"
    );
    if let Some(record) = &record {
        ports.history().attempt(record).await?;
    }
    match next_step {
        NextStep::Retry { next, delivery } => {
            let delay = next
                .delivery
                .as_ref()
                .map_or(Duration::ZERO, |d| now.until(d.next_at));
            if write(ports.states(), &next).await?.is_some() {
                return Err(Fault::Contended);
            }
            observe(ports, &next, message, &summary, lag);
            send_one(ports.deliveries(), *delivery, delay).await?;
            Ok(Sent::Retrying)
        }
        NextStep::Close(closed) => {
            let outcome = closed.left.outcome;
            let after = closed.next.clone();
            let found = commit_exit(ports, *closed, message.document.as_ref()).await?;
            if found.is_some() {
                return Err(Fault::Contended);
            }
            observe(ports, &after, message, &summary, lag);
            Ok(match outcome {
                Outcome::Succeeded => Sent::Succeeded,
                Outcome::Failed => Sent::Failed,
            })
        }
    }
}

fn observe<P: DispatchPorts>(
    ports: &P,
    state: &FileState,
    message: &Delivery,
    summary: &crate::attempt::AttemptSummary,
    lag: Duration,
) {
    let (delivery_id, stage_id) = (message.delivery_id, message.stage_id);
    ports.observer().observe(Observation::Attempt {
        state,
        summary,
        delivery_id,
        stage_id,
        lag,
    });
}
