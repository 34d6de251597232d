use delivery::Reason;
use delivery::ports::Call;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use secrecy::ExposeSecret;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const WORKFLOW_ID: HeaderName = HeaderName::from_static("webhook-workflow-id");
const STAGE_ID: HeaderName = HeaderName::from_static("webhook-stage-id");
const ATTEMPT: HeaderName = HeaderName::from_static("webhook-attempt");

const AGENT: &str = concat!("webhook-stage/", env!("CARGO_PKG_VERSION"));

/// The headers of a call. Secret values are marked, so that no debug print shows them.
///
/// # Errors
/// [`Reason::SecretMissing`] when the Authorization value is no header value: it is not the one the
/// import accepted.
pub(crate) fn headers<R>(call: &Call<R>, signature: Option<String>) -> Result<HeaderMap, Reason> {
    let mut headers = HeaderMap::with_capacity(10);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    for (name, value) in [
        (ID, call.delivery_id.to_string()),
        (TIMESTAMP, call.sent_at.as_secs().to_string()),
        (WORKFLOW_ID, call.workflow_id.to_string()),
        (STAGE_ID, call.stage_id.to_string()),
        (ATTEMPT, call.attempt.to_string()),
    ] {
        headers.insert(
            name,
            HeaderValue::try_from(value).map_err(|_| Reason::InvalidUrl)?,
        );
    }
    if let Some(value) = &call.secrets.authorization {
        headers.insert(AUTHORIZATION, sensitive(value.expose_secret())?);
    }
    if let Some(signature) = signature {
        headers.insert(SIGNATURE, sensitive(&signature)?);
    }
    Ok(headers)
}

fn sensitive(value: &str) -> Result<HeaderValue, Reason> {
    let mut value = HeaderValue::from_str(value).map_err(|_| Reason::SecretMissing)?;
    value.set_sensitive(true);
    Ok(value)
}
