use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// What the receiver needs of an API Gateway event.
pub(crate) struct Request<'a> {
    event: &'a Value,
    pub(crate) body: Vec<u8>,
}

impl<'a> Request<'a> {
    /// Reads an event; the error is a line for the caller.
    pub(crate) fn read(event: &'a Value) -> Result<Self, &'static str> {
        let text = event
            .get("body")
            .and_then(Value::as_str)
            .ok_or("the request has no body")?;
        let encoded = event
            .get("isBase64Encoded")
            .and_then(Value::as_bool)
            .unwrap_or(false);
        let body = if encoded {
            STANDARD
                .decode(text)
                .map_err(|_| "the request's body is not valid base64")?
        } else {
            text.as_bytes().to_vec()
        };
        Ok(Self { event, body })
    }

    /// Whether the request's path begins like this.
    pub(crate) fn is_under(&self, prefix: &str) -> bool {
        let path = self
            .event
            .get("rawPath")
            .or(self.event.get("path"))
            .and_then(Value::as_str);
        path.is_some_and(|path| path.starts_with(prefix))
    }

    /// A header, by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let headers = self.event.get("headers")?.as_object()?;
        headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))?
            .1
            .as_str()
    }
}
