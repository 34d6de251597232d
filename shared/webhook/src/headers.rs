use std::fmt::Write;

use delivery::ports::Call;
use http::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue,
};
use secrecy::ExposeSecret;
use uuid::Uuid;
use workflow::{Header, JSON, StageSecrets};

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
const WORKFLOW_ID: HeaderName = HeaderName::from_static("webhook-workflow-id");
const STAGE_ID: HeaderName = HeaderName::from_static("webhook-stage-id");
const ATTEMPT: HeaderName = HeaderName::from_static("webhook-attempt");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// As of W3C Trace Context, version 00.
const TRACEPARENT_LENGTH: usize = 55;

/// A header cannot be sent. The message never shows its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BadHeader {
    /// A value has something in it that would end the header; the import would not have accepted it.
    #[error("the {0} value cannot be sent: it has a line break or a control character")]
    Unsendable(String),
    /// A header of the stage's own is one of its secrets, and that is not stored.
    #[error("the value of the stage's header {0} is not stored")]
    NotStored(String),
}

/// The headers of a call, except `User-Agent`, and those by which it is authorized if not by a fixed value. Secret
/// values are marked as sensitive, so that debug output does not show them.
///
/// # Errors
/// [`BadHeader`] when a value is missing or is not valid.
pub(crate) fn headers<R>(
    call: &Call<R>,
    signature: Option<String>,
) -> Result<HeaderMap, BadHeader> {
    let mut headers = HeaderMap::with_capacity(16);
    // First, so that none of them can take another one's place.
    for header in &call.config.headers {
        let (name, value) = own(header, &call.secrets)?;
        headers.insert(name, value);
    }
    let content_type = match &call.config.body {
        Some(body) => plain(&CONTENT_TYPE, body.content_type.as_str())?,
        None => HeaderValue::from_static(JSON),
    };
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(ID, id(&ID, call.delivery_id)?);
    headers.insert(TIMESTAMP, call.sent_at.as_secs().into());
    headers.insert(WORKFLOW_ID, id(&WORKFLOW_ID, call.workflow_id)?);
    headers.insert(STAGE_ID, id(&STAGE_ID, call.stage_id)?);
    headers.insert(ATTEMPT, call.attempt.into());
    let mut traceparent = String::with_capacity(TRACEPARENT_LENGTH);
    // Text can always be added to a string.
    let _ = write!(traceparent, "{}", call.traceparent);
    headers.insert(TRACEPARENT, plain(&TRACEPARENT, traceparent)?);
    if let Some(value) = &call.secrets.authorization {
        let value = sensitive(value.expose_secret());
        let bad = |_| BadHeader::Unsendable("Authorization".to_owned());
        headers.insert(AUTHORIZATION, value.map_err(bad)?);
    }
    if let Some(signature) = signature {
        let mut value = plain(&SIGNATURE, signature)?;
        value.set_sensitive(true);
        headers.insert(SIGNATURE, value);
    }
    Ok(headers)
}

/// A header of the stage's own.
fn own(header: &Header, secrets: &StageSecrets) -> Result<(HeaderName, HeaderValue), BadHeader> {
    let bad = || BadHeader::Unsendable(header.name.clone());
    let name = HeaderName::try_from(&header.name).map_err(|_| bad())?;
    let value = match &header.value {
        Some(value) => HeaderValue::from_str(value).map_err(|_| bad())?,
        None => {
            let value = secrets.headers.get(&header.name);
            let value = value.ok_or_else(|| BadHeader::NotStored(header.name.clone()))?;
            sensitive(value.expose_secret()).map_err(|_| bad())?
        }
    };
    Ok((name, value))
}

fn id(name: &HeaderName, id: Uuid) -> Result<HeaderValue, BadHeader> {
    let mut text = Uuid::encode_buffer();
    plain(name, &*id.hyphenated().encode_lower(&mut text))
}

fn plain<V>(name: &HeaderName, value: V) -> Result<HeaderValue, BadHeader>
where
    HeaderValue: TryFrom<V>,
{
    HeaderValue::try_from(value).map_err(|_| BadHeader::Unsendable(name.to_string()))
}

/// A value that debug output does not show.
pub(crate) fn sensitive(value: &str) -> Result<HeaderValue, InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(value)?;
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
    use workflow::{Body, Header, StageSecrets, WebhookConfig};

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

    fn with_own(secret: Option<&str>) -> Call<()> {
        let mut call = call(None);
        let own = |name: &str, value: Option<&str>| Header {
            name: name.to_owned(),
            value: value.map(str::to_owned),
        };
        call.config.headers = vec![own("x-plain", Some("a b")), own("x-key", None)];
        let secret = secret.map(|secret| ("x-key".to_owned(), secret.into()));
        call.secrets.headers = secret.into_iter().collect();
        call
    }

    #[test]
    fn the_stage_s_own() {
        let mut call = with_own(Some("planted"));
        call.config.body = Some(Body {
            template: String::new(),
            content_type: "text/plain; charset=utf-8".to_owned(),
        });
        let headers = headers(&call, None).unwrap();
        assert_eq!(headers["x-plain"], "a b");
        assert_eq!(headers["x-key"], "planted");
        assert_eq!(headers["content-type"], "text/plain; charset=utf-8");
        assert!(!format!("{headers:?}").contains("planted"));
    }

    #[test]
    fn a_secret_one_that_is_not_stored_or_cannot_be_sent() {
        let error = headers(&with_own(None), None).unwrap_err();
        assert!(error.to_string().contains("x-key"), "{error}");
        let error = headers(&with_own(Some("planted\n")), None).unwrap_err();
        assert!(!format!("{error:?} {error}").contains("planted"));
    }

    /// The import refuses these names; a record that was changed by hand does not get past either.
    #[test]
    fn none_takes_the_place_of_another() {
        let mut call = with_own(None);
        call.config.headers = ["webhook-id", "content-type", "webhook-signature"]
            .map(|name| Header {
                name: name.to_owned(),
                value: Some("own".to_owned()),
            })
            .to_vec();
        let headers = headers(&call, Some("v1,x".to_owned())).unwrap();
        assert!(headers.values().all(|value| value != "own"));
    }
}
