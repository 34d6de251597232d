use delivery::ports::Call;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const WORKFLOW_ID: HeaderName = HeaderName::from_static("webhook-workflow-id");
const STAGE_ID: HeaderName = HeaderName::from_static("webhook-stage-id");
const ATTEMPT: HeaderName = HeaderName::from_static("webhook-attempt");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// The Authorization value cannot be sent in a header. The message never shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the Authorization value cannot be sent: it has a line break or a control character")]
pub(crate) struct BadHeader;

/// The headers of a call, except `User-Agent`. Secret values are marked as sensitive, so that debug output does not
/// show them.
///
/// # Errors
/// [`BadHeader`] when the Authorization value is not a valid header value; the import would not have accepted it.
pub(crate) fn headers<R>(
    call: &Call<R>,
    signature: Option<String>,
) -> Result<HeaderMap, BadHeader> {
    let mut headers = HeaderMap::with_capacity(12);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    for (name, value) in [
        (ID, call.delivery_id.to_string()),
        (TIMESTAMP, call.sent_at.as_secs().to_string()),
        (WORKFLOW_ID, call.workflow_id.to_string()),
        (STAGE_ID, call.stage_id.to_string()),
        (ATTEMPT, call.attempt.to_string()),
        (TRACEPARENT, call.traceparent.to_string()),
    ] {
        headers.insert(name, HeaderValue::try_from(value).map_err(|_| BadHeader)?);
    }
    if let Some(value) = &call.secrets.authorization {
        headers.insert(AUTHORIZATION, sensitive(value.expose_secret())?);
    }
    if let Some(signature) = signature {
        headers.insert(SIGNATURE, sensitive(&signature)?);
    }
    Ok(headers)
}

fn sensitive(value: &str) -> Result<HeaderValue, BadHeader> {
    let mut value = HeaderValue::from_str(value).map_err(|_| BadHeader)?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use delivery::ports::Call;
    use delivery::{Document, Timestamp, Trace};
    use uuid::Uuid;
    use workflow::{StageSecrets, WebhookConfig};

    use super::headers;

    fn call(authorization: Option<&str>) -> Call<()> {
        Call {
            config: WebhookConfig::new(""),
            secrets: StageSecrets {
                authorization: authorization.map(Into::into),
                signing_secrets: Vec::new(),
                ..StageSecrets::default()
            },
            document: Document::Bytes(Bytes::new()),
            team: "acme".to_owned(),
            workflow_name: "Labels".to_owned(),
            stage_name: "Check".to_owned(),
            delivery_id: Uuid::from_u128(1),
            workflow_id: Uuid::from_u128(2),
            stage_id: Uuid::from_u128(3),
            attempt: 4,
            traceparent: Trace::begun_by(Uuid::from_u128(1)).call(Uuid::from_u128(5)),
            sent_at: Timestamp::from_millis(5_999),
            timeout: Duration::from_secs(1),
            fresh_connection: false,
        }
    }

    #[test]
    fn all_of_them() {
        let headers = headers(&call(Some("Bearer abc")), Some("v1,x v1,y".to_owned())).unwrap();
        let mut found: Vec<(&str, &str)> = headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        found.sort_unstable();
        assert_eq!(
            found,
            [
                ("authorization", "Bearer abc"),
                ("content-type", "application/json"),
                (
                    "traceparent",
                    "00-00000000000000000000000000000001-0000000000000005-01"
                ),
                ("webhook-attempt", "4"),
                ("webhook-id", "00000000-0000-0000-0000-000000000001"),
                ("webhook-signature", "v1,x v1,y"),
                ("webhook-stage-id", "00000000-0000-0000-0000-000000000003"),
                ("webhook-timestamp", "5"),
                (
                    "webhook-workflow-id",
                    "00000000-0000-0000-0000-000000000002"
                ),
            ]
        );
    }

    #[test]
    fn secrets_are_not_printed_and_cannot_add_a_header() {
        let good = headers(&call(Some("planted")), Some("planted".to_owned())).unwrap();
        assert!(!format!("{good:?}").contains("planted"));
        for bad in ["planted\r\nx: y", "planted\n", "planted\0"] {
            let error = headers(&call(Some(bad)), None).unwrap_err();
            assert!(!format!("{error:?} {error}").contains("planted"));
        }
    }
}
