//! Reads what a stage says about its requests, and which files it sends.

use serde_json::{Map, Value};

use crate::body_json;
use crate::findings::Findings;
use crate::form;
use crate::problem::StageLabel;
use crate::request::{
    Body, Header, JSON, MAX_BODY_TEMPLATE, MAX_CONDITION, MAX_HEADER_NAME, MAX_HEADER_VALUE,
    MAX_HEADERS, Method, is_reserved_header,
};

type Config = Map<String, Value>;

const INVALID_HEADERS: &str = "invalid_headers";
const INVALID_BODY: &str = "invalid_body";

fn given<'a>(config: &'a Config, field: &str) -> Option<&'a Value> {
    config.get(field).filter(|value| !value.is_null())
}

pub(crate) fn method(config: &Config, label: &StageLabel, findings: &mut Findings) -> Method {
    let Some(value) = given(config, "method") else {
        return Method::default();
    };
    let named = Method::ALL
        .into_iter()
        .find(|method| value.as_str() == Some(method.as_str()));
    if named.is_none() {
        let what = format!(
            "its method must be \"POST\", \"PUT\" or \"PATCH\"; found {}",
            form::found(value)
        );
        findings.unusable(label, "invalid_method", what);
    }
    named.unwrap_or_default()
}

pub(crate) fn condition(
    config: &Config,
    label: &StageLabel,
    findings: &mut Findings,
) -> Option<String> {
    let value = given(config, "condition")?;
    match value.as_str() {
        Some(text) if !text.trim().is_empty() && text.len() <= MAX_CONDITION => {
            Some(text.to_owned())
        }
        _ => {
            let what = format!(
                "its condition must be an expression of at most {MAX_CONDITION} bytes, such as has_tag(\"Urgent\"); found {}",
                form::found(value)
            );
            findings.unusable(label, "invalid_condition", what);
            None
        }
    }
}

pub(crate) fn body(config: &Config, label: &StageLabel, findings: &mut Findings) -> Option<Body> {
    let content_type = content_type(config, label, findings);
    let Some(value) = given(config, "body") else {
        if content_type.is_some() {
            let what = "its content_type is that of its body, and it has none: without a body, the document is sent as application/json";
            findings.unusable(label, "invalid_content_type", what);
        }
        return None;
    };
    let template = match value {
        Value::String(text) => text.clone(),
        Value::Object(_) | Value::Array(_) => body_json::template(value),
        other => {
            let what = format!(
                "its body must be a template: text, or an object or list for a JSON body; found {}",
                form::found(other)
            );
            findings.unusable(label, INVALID_BODY, what);
            return None;
        }
    };
    if template.trim().is_empty() || template.len() > MAX_BODY_TEMPLATE {
        let what = format!(
            "its body has {} bytes: it must have from 1 to {MAX_BODY_TEMPLATE}",
            template.len()
        );
        findings.unusable(label, INVALID_BODY, what);
        return None;
    }
    let content_type = content_type.unwrap_or_else(|| JSON.to_owned());
    Some(Body {
        template,
        content_type,
    })
}

fn content_type(config: &Config, label: &StageLabel, findings: &mut Findings) -> Option<String> {
    let value = given(config, "content_type")?;
    let text = value.as_str().map(str::trim);
    let is_valid = text.is_some_and(|text| {
        let (essence, _) = text.split_once(';').unwrap_or((text, ""));
        let parts = essence.trim().split_once('/');
        text.len() <= 200
            && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
            && parts.is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype))
    });
    if !is_valid {
        let what = format!(
            "its content_type must be a media type such as \"text/plain; charset=utf-8\"; found {}",
            form::found(value)
        );
        findings.unusable(label, "invalid_content_type", what);
    }
    text.filter(|_| is_valid).map(str::to_owned)
}

/// A `token` of HTTP (RFC 9110, 5.6.2).
fn is_token(text: &str) -> bool {
    let is_char = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_char)
}

pub(crate) fn headers(config: &Config, label: &StageLabel, findings: &mut Findings) -> Vec<Header> {
    let found = match given(config, "headers") {
        None => return Vec::new(),
        Some(Value::Object(found)) => found,
        Some(other) => {
            let what = format!(
                "its headers must be an object of names and values; found {}",
                form::found(other)
            );
            findings.unusable(label, INVALID_HEADERS, what);
            return Vec::new();
        }
    };
    if found.len() > MAX_HEADERS {
        let what = format!(
            "it has {} headers of its own, and may have {MAX_HEADERS}",
            found.len()
        );
        findings.unusable(label, INVALID_HEADERS, what);
    }
    let mut headers: Vec<Header> = Vec::with_capacity(found.len());
    for (name, value) in found {
        let lower = name.to_ascii_lowercase();
        let twice = headers.iter().any(|header| header.name == lower);
        match header(name, lower, value) {
            Ok(_) if twice => {
                let what = format!("it has the header {name} twice, in upper and lower case");
                findings.unusable(label, INVALID_HEADERS, what);
            }
            Ok(header) => headers.push(header),
            Err(what) => findings.unusable(label, INVALID_HEADERS, what),
        }
    }
    headers
}

fn header(name: &str, lower: String, value: &Value) -> Result<Header, String> {
    if !is_token(name) || name.len() > MAX_HEADER_NAME {
        return Err(format!(
            "its header {} cannot be sent: a name has letters, digits and -, and at most {MAX_HEADER_NAME} bytes",
            form::found(&Value::from(name))
        ));
    }
    if lower == "authorization" {
        return Err(
            "its header Authorization has a field of its own: authorization_header".to_owned(),
        );
    }
    if is_reserved_header(&lower) {
        return Err(format!(
            "its header {name} is reserved: calls set it themselves, or it belongs to the connection"
        ));
    }
    let value = match value {
        Value::String(text) => Some(text),
        Value::Object(object) if object.len() == 1 && object.contains_key("secret") => None,
        other => {
            return Err(format!(
                "its header {name} must be text, or {{\"secret\": …}} with text; found {}",
                form::kind(other)
            ));
        }
    };
    if let Some(text) = value {
        check_header_value(text).map_err(|what| format!("its header {name} {what}"))?;
    }
    Ok(Header {
        name: lower,
        value: value.cloned(),
    })
}

/// Checks that a text can be the value of a header and arrives unchanged: visible ASCII and blanks, with no blank at
/// either end (RFC 9110, 5.5).
///
/// # Errors
/// What is wrong with it. The message does not show it.
pub(crate) fn check_header_value(text: &str) -> Result<(), String> {
    let is_visible = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    if text.len() > MAX_HEADER_VALUE {
        Err(format!("has more than {MAX_HEADER_VALUE} bytes"))
    } else if text.is_empty() || !is_visible || text.trim_matches(' ') != text {
        Err("must be visible ASCII on one line, with no blank at either end".to_owned())
    } else {
        Ok(())
    }
}
