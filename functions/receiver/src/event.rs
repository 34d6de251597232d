use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// The parts of an event of API Gateway or a load balancer that the receiver needs.
pub(crate) struct Request<'a> {
    event: &'a Value,
    pub(crate) body: Vec<u8>,
}

impl<'a> Request<'a> {
    /// Reads an event. The error is a message for the caller.
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

    /// Whether the request's path begins with this prefix.
    pub(crate) fn is_under(&self, prefix: &str) -> bool {
        let path = self
            .event
            .get("rawPath")
            .or(self.event.get("path"))
            .and_then(Value::as_str);
        path.is_some_and(|path| path.starts_with(prefix))
    }

    /// The header with this name, given in lower case. An empty one counts as missing.
    ///
    /// REST APIs send `headers` and `multiValueHeaders`, HTTP APIs only `headers`, a load balancer either.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let value = self.named("headers", name).and_then(Value::as_str);
        let value = value.or_else(|| match self.named("multiValueHeaders", name)? {
            // Of several values the last, which is also the one in `headers`.
            Value::Array(values) => values.last()?.as_str(),
            value => value.as_str(),
        });
        value.map(str::trim).filter(|value| !value.is_empty())
    }

    fn named(&self, map: &str, name: &str) -> Option<&'a Value> {
        let headers = self.event.get(map)?.as_object()?;
        let mut headers = headers.iter();
        let (_, value) = headers.find(|(key, _)| key.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

/// The answer's headers. A load balancer that sends lists of values also expects lists in the answer.
pub(crate) fn headers(event: &Value) -> Map<String, Value> {
    let is_map = |name: &str| event.get(name).is_some_and(Value::is_object);
    let (field, value) = if is_map("multiValueHeaders") && !is_map("headers") {
        (
            "multiValueHeaders",
            json!({"content-type": ["application/json"]}),
        )
    } else {
        ("headers", json!({"content-type": "application/json"}))
    };
    Map::from_iter([(field.to_owned(), value)])
}
