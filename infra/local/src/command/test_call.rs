//! One call that is not a delivery's, for `ping` and `try`.

use std::io::Write;

use delivery::ports::{Call, Caller, Documents};
use delivery::usecase::DEFAULT_TIMEOUT;
use delivery::{Document, Timestamp, Trace};
use ipnet::IpNet;
use uuid::Uuid;
use webhook::{CallerConfig, WebhookCaller};
use workflow::{StageSecrets, WebhookConfig};

use super::{SOME_FAILED, SUCCESS};
use crate::backend::directory::Directory;
use crate::error::Error;
use crate::runner::signer::Signer;
use crate::terminal::hint;
use crate::terminal::output::{output, say, shown};

type TestCaller = WebhookCaller<(), Signer>;

/// A call with a document in memory.
pub(super) type TestCall = Call<<Directory as Documents>::Reader>;

/// The caller that all calls of this machine are made by.
///
/// # Errors
/// [`Error`] when the HTTP client cannot be set up.
pub(super) fn caller(allow_networks: &[IpNet]) -> Result<TestCaller, Error> {
    let caller = WebhookCaller::new(CallerConfig {
        allow_networks: allow_networks.to_vec(),
        ..CallerConfig::default()
    })?;
    Ok(caller.with_signer(Signer::default()))
}

/// The first attempt of a delivery that there is no record of.
pub(super) fn first_attempt(
    config: WebhookConfig,
    secrets: StageSecrets,
    document: bytes::Bytes,
) -> TestCall {
    let delivery_id = Uuid::new_v4();
    Call {
        timeout: config.timeout.unwrap_or(DEFAULT_TIMEOUT),
        config,
        secrets,
        document: Document::Bytes(document),
        team: String::new(),
        workflow_name: String::new(),
        stage_name: String::new(),
        delivery_id,
        workflow_id: Uuid::nil(),
        stage_id: Uuid::nil(),
        attempt: 1,
        traceparent: Trace::begun_by(delivery_id).call(Uuid::new_v4()),
        sent_at: Timestamp::from(std::time::SystemTime::now()),
        fresh_connection: true,
    }
}

/// Makes the call, and prints the answer.
///
/// # Errors
/// [`Error`] when the call failed internally, or the answer cannot be printed.
pub(super) async fn send(caller: TestCaller, call: TestCall) -> Result<u8, Error> {
    // Spawned onto a worker thread, like all other calls: from the main thread the request would be sent
    // later, and a receiver that answers as soon as it accepts would always answer before it.
    let answer = match tokio::spawn(async move { caller.call(call).await }).await {
        Ok(answer) => answer?,
        Err(died) => std::panic::resume_unwind(died.into_panic()),
    };
    let took = answer.duration.as_secs_f64() * 1000.0;
    let sent = answer.request_bytes;
    let success = matches!(answer.result, Ok(200..=299));
    output(|out| {
        match answer.result {
            Ok(status) => writeln!(out, "HTTP {status} after {took:.1} ms, {sent} bytes sent")?,
            Err(reason) => writeln!(out, "{reason} after {took:.1} ms: {}", reason.explain())?,
        }
        if let Some(detail) = &answer.detail {
            writeln!(out, "detail: {}", shown(detail))?;
        }
        if answer.result.is_ok() {
            let body = shown(answer.response_excerpt.trim());
            writeln!(
                out,
                "answer: {}",
                if body.is_empty() { "(empty)" } else { &body }
            )?;
        }
        Ok(())
    })?;
    if answer.result == Err(delivery::Reason::ForbiddenAddress) {
        say!("{}", hint::allow(answer.detail.as_deref()));
    }
    Ok(if success { SUCCESS } else { SOME_FAILED })
}
