use std::fs;
use std::io::Write;

use bytes::Bytes;
use delivery::ports::{Call, Caller, Documents};
use delivery::usecase::DEFAULT_TIMEOUT;
use delivery::{Document, Timestamp, Trace};
use uuid::Uuid;
use webhook::{CallerConfig, WebhookCaller};
use workflow::{StageSecrets, WebhookConfig};

use super::{SOME_FAILED, SUCCESS};
use crate::backend::directory::Directory;
use crate::cli::PingArgs;
use crate::cli::secret;
use crate::error::Error;
use crate::intake::examples;
use crate::terminal::hint;
use crate::terminal::output::{output, say, shown};

/// Runs `webhook-stage ping`.
///
/// # Errors
/// [`Error`] when the document or the variable cannot be read.
pub(crate) async fn ping(args: &PingArgs) -> Result<u8, Error> {
    let document = match &args.document {
        None => Bytes::from_static(examples::DOCUMENTS[0].1.as_bytes()),
        Some(path) => fs::read(path)
            .map_err(|source| Error::Read {
                path: path.clone(),
                source,
            })?
            .into(),
    };
    let variable = args.authorization_env.as_deref();
    let authorization = variable
        .map(|variable| secret::authorization("--authorization-env", variable))
        .transpose()?;
    let caller = WebhookCaller::new(CallerConfig {
        allow_networks: args.allow_network.clone(),
        ..CallerConfig::default()
    })?;
    let delivery_id = Uuid::new_v4();
    let call: Call<<Directory as Documents>::Reader> = Call {
        config: WebhookConfig::new(args.url.clone()),
        secrets: StageSecrets {
            authorization,
            signing_secrets: Vec::new(),
            ..StageSecrets::default()
        },
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
        timeout: DEFAULT_TIMEOUT,
        fresh_connection: true,
    };
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
