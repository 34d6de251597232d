//! A stage's own condition and body, for one document.

use bytes::Bytes;
use delivery::ports::{Call, PortError, Presign, Wanted};
use delivery::{Document, DocumentReader, Reason};
use futures_util::StreamExt;
use serde_json::Value;
use template::{About, BodyFormat, Condition, Context, Named};
use tokio::time::timeout;

use crate::failed::Failed;
use crate::head::{Head, Spliced};
use crate::presign;
use crate::strip_annotations::Cutter;

/// The largest document that templates can use, without its annotations if it is not held in memory whole: 1 MiB.
const LARGEST: usize = 1024 * 1024;

/// Whether the stage's condition holds for the document.
pub(crate) async fn wants<R: DocumentReader, P: Presign>(
    call: &Call<R>,
    presign: &P,
) -> Result<Wanted, PortError> {
    let Some(source) = &call.config.condition else {
        return Ok(Wanted::Yes);
    };
    let invalid = |detail| Wanted::Unclear(Reason::ConditionInvalid, Some(detail));
    let condition = match Condition::parse(source) {
        Ok(condition) => condition,
        Err(error) => return Ok(invalid(error.to_string())),
    };
    let context = context(call, presign, Reason::ConditionInvalid);
    let context = match timeout(call.timeout, context).await {
        Ok(context) => context,
        Err(_) => {
            let detail = "the document could not be read within the call's timeout";
            return Ok(Wanted::Unclear(
                Reason::DocumentTooLarge,
                Some(detail.to_owned()),
            ));
        }
    };
    Ok(match context {
        Ok(context) => match condition.holds(&context) {
            Ok(true) => Wanted::Yes,
            Ok(false) => Wanted::No,
            Err(error) => invalid(error.to_string()),
        },
        Err(Failed::Reason(reason, detail) | Failed::Unsent(reason, detail)) => {
            Wanted::Unclear(reason, detail)
        }
        Err(Failed::Port(error)) => return Err(error),
    })
}

/// The stage's own body.
pub(crate) async fn body<R: DocumentReader, P: Presign>(
    call: &Call<R>,
    body: &workflow::Body,
    presign: &P,
) -> Result<Bytes, Failed> {
    let invalid = |error: template::TemplateError| {
        Failed::Reason(Reason::BodyInvalid, Some(error.to_string()))
    };
    let format = BodyFormat::of(&body.content_type);
    let template = template::Body::parse(&body.template, format).map_err(invalid)?;
    let context = context(call, presign, Reason::BodyInvalid).await?;
    Ok(template.render(&context).map_err(invalid)?.into())
}

/// What templates know. If the document is not held in memory, they know it without its annotations.
async fn context<R: DocumentReader, P: Presign>(
    call: &Call<R>,
    presign: &P,
    too_large: Reason,
) -> Result<Context, Failed> {
    let document = match &call.document {
        Document::Bytes(bytes) => {
            crate::check(bytes)?;
            let bytes = match call.config.presigned_url_expiry {
                Some(expiry) => presign::replace(bytes.clone(), presign, expiry).await?,
                None => bytes.clone(),
            };
            template::Document::whole(parsed(&bytes)?)
        }
        Document::Large(reader) => {
            let kept = without_annotations(call, reader, presign, too_large).await?;
            template::Document::without_annotations(parsed(&kept)?)
        }
    };
    Ok(Context::new(document, about(call)))
}

fn about<R>(call: &Call<R>) -> About {
    About {
        team: call.team.clone(),
        workflow: Named {
            id: call.workflow_id.to_string(),
            name: call.workflow_name.clone(),
        },
        stage: Named {
            id: call.stage_id.to_string(),
            name: call.stage_name.clone(),
        },
        attempt: call.attempt,
        delivery_id: call.delivery_id.to_string(),
        now: call.sent_at.as_secs(),
    }
}

/// Parses a document that was checked.
fn parsed(document: &[u8]) -> Result<Value, Failed> {
    let json = document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document);
    serde_json::from_slice(json).map_err(|error| {
        let detail = format!(
            "line {}, column {}: a value is beyond what can be read",
            error.line(),
            error.column()
        );
        Failed::Reason(Reason::DocumentInvalid, Some(detail))
    })
}

async fn without_annotations<R: DocumentReader, P: Presign>(
    call: &Call<R>,
    reader: &R,
    presign: &P,
    too_large: Reason,
) -> Result<Vec<u8>, Failed> {
    let head = match call.config.presigned_url_expiry {
        Some(expiry) => Head::presigned(reader, presign, expiry).await?,
        None => None,
    };
    let mut cutter = Cutter::new();
    let mut kept = Vec::new();
    let mut chunks = Spliced::new(reader.stream().await?, head.as_ref());
    while let Some(chunk) = chunks.next().await {
        cutter.feed(&chunk?, &mut kept)?;
        if kept.len() > LARGEST {
            let detail = "the document has more than 1 MiB without its annotations, which is too large for the stage's condition or body";
            return Err(Failed::Reason(too_large, Some(detail.to_owned())));
        }
    }
    cutter.finish()?;
    Ok(kept)
}
