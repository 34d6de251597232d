use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::SecretString;
use serde_json::{Map, Value};
use url::Url;

use crate::breaker::MAX_PATIENCE;
use crate::breaker_json;
use crate::duration;
use crate::findings::Findings;
use crate::form;
use crate::problem::StageLabel;
use crate::secrets::{SecretRef, StageSecrets, check_authorization};
use crate::webhook::{MAX_DELAY, MAX_RETRIES, MAX_TIMEOUT, WebhookConfig};

type Config = Map<String, Value>;

const INVALID_URL: &str = "invalid_url";
const INVALID_AUTHORIZATION: &str = "invalid_authorization_header";
const INVALID_SIGNING_SECRET: &str = "invalid_signing_secret";

/// Reads a Webhook stage's settings, and takes its secrets out of them.
pub(crate) fn read(
    config: &mut Config,
    label: &StageLabel,
    default_ref: SecretRef,
    secrets: &mut Vec<(SecretRef, StageSecrets)>,
    findings: &mut Findings,
) -> Option<WebhookConfig> {
    let found = take_secrets(config, label, findings);
    let named = secret_ref(config, label, findings);
    let secret_ref = if found.is_empty() {
        named
    } else {
        let reference = named.unwrap_or(default_ref);
        config.insert("secret_ref".to_owned(), Value::from(reference.0.as_str()));
        secrets.push((reference.clone(), found));
        Some(reference)
    };
    let url = url(config, secret_ref.is_some(), label, findings);
    Some(WebhookConfig {
        url,
        retry_if_fails: flag(config, "retry_if_fails"),
        include_annotations: flag(config, "include_annotations"),
        max_retries: max_retries(config, label, findings),
        retry_delays: retry_delays(config, label, findings),
        timeout: bounded(
            config,
            "timeout",
            Duration::from_millis(100),
            MAX_TIMEOUT,
            label,
            findings,
        ),
        secret_ref,
        presigned_url_expiry: bounded(
            config,
            "presigned_url_expiry",
            Duration::from_secs(1),
            Duration::from_secs(7 * 24 * 3600),
            label,
            findings,
        ),
        breaker: breaker_json::breaker(config, label, findings),
        breaker_patience: bounded(
            config,
            "breaker_patience",
            Duration::ZERO,
            MAX_PATIENCE,
            label,
            findings,
        ),
        max_rate: breaker_json::max_rate(config, label, findings),
        receiver_control: config
            .get("receiver_control")
            .and_then(Value::as_bool)
            .unwrap_or(false),
    })
}

/// Removes the secrets of other stages. V7 writes the webhook's keys into every stage's config, and a stage
/// that is not a Webhook stage must not bring a secret into storage either.
pub(crate) fn forget_secrets(stage: &mut Config) {
    if let Some(Value::Object(config)) = stage.get_mut("config") {
        for field in ["authorization_header", "signing_secrets"] {
            if config.get(field).is_some_and(|value| !value.is_null()) {
                config.insert(field.to_owned(), Value::Null);
            }
        }
    }
}

fn take_secrets(config: &mut Config, label: &StageLabel, findings: &mut Findings) -> StageSecrets {
    let mut secrets = StageSecrets::default();
    let authorization = config.get_mut("authorization_header").map(Value::take);
    match authorization.unwrap_or_default() {
        Value::Null => {}
        // V7's editor writes this if nothing was entered.
        Value::String(value) if value.bytes().all(|byte| byte == b' ') => {}
        Value::String(value) => match check_authorization(&value) {
            Ok(()) => secrets.authorization = Some(SecretString::from(value)),
            Err(problem) => {
                let what = format!("its authorization_header {problem}");
                findings.problem(label, INVALID_AUTHORIZATION, what);
            }
        },
        other => {
            let kind = form::kind(&other);
            let what = format!("its authorization_header must be text; found {kind}");
            findings.problem(label, INVALID_AUTHORIZATION, what);
        }
    }
    match config.remove("signing_secrets").unwrap_or_default() {
        Value::Null => {}
        Value::Array(values) => {
            for value in values {
                match value {
                    Value::String(text) if is_signing_secret(&text) => {
                        secrets.signing_secrets.push(SecretString::from(text));
                    }
                    other => {
                        let what = format!(
                            "each of its signing_secrets must be \"whsec_\" and 24 to 64 bytes in base64; found {}",
                            match other {
                                Value::String(_) => "other text",
                                other => form::kind(&other),
                            }
                        );
                        findings.problem(label, INVALID_SIGNING_SECRET, what);
                    }
                }
            }
        }
        other => {
            let kind = form::kind(&other);
            let what = format!("its signing_secrets must be a list of text; found {kind}");
            findings.problem(label, INVALID_SIGNING_SECRET, what);
        }
    }
    secrets
}

fn secret_ref(config: &Config, label: &StageLabel, findings: &mut Findings) -> Option<SecretRef> {
    let value = config.get("secret_ref").filter(|value| !value.is_null())?;
    let name = value.as_str().map(|name| SecretRef(name.to_owned()));
    if name.is_none() {
        let what = format!("secret_ref must be text; found {}", form::kind(value));
        findings.wrong_form(label, "invalid_secret_ref", &what);
    }
    name
}

/// Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes.
fn is_signing_secret(text: &str) -> bool {
    let Some(encoded) = text.strip_prefix("whsec_") else {
        return false;
    };
    // Decoded like in the signer: a secret that it cannot decode would fail at every call.
    let decoded = STANDARD.decode(encoded);
    decoded.is_ok_and(|bytes| (24..=64).contains(&bytes.len()))
}

fn url(config: &Config, has_secret: bool, label: &StageLabel, findings: &mut Findings) -> String {
    let url = match config.get("url") {
        Some(Value::String(url)) => url.trim(),
        None | Some(Value::Null) => "",
        Some(other) => {
            let what = format!("its url must be text; found {}", form::kind(other));
            findings.problem(label, INVALID_URL, what);
            return String::new();
        }
    };
    check_url(url, has_secret, label, findings);
    url.to_owned()
}

fn check_url(url: &str, has_secret: bool, label: &StageLabel, findings: &mut Findings) {
    if url.is_empty() {
        findings.problem(
            label,
            "no_url",
            "a Webhook stage needs a \"url\" in its config",
        );
        return;
    }
    match Url::parse(url) {
        Err(_) => findings.problem(
            label,
            INVALID_URL,
            "its url cannot be read: it must be a whole URL, such as https://receiver.example/hook",
        ),
        Ok(url) if !matches!(url.scheme(), "http" | "https") => {
            findings.problem(
                label,
                INVALID_URL,
                "its url must begin with https:// or http://",
            );
        }
        Ok(url) if url.host().is_none() => {
            findings.problem(label, INVALID_URL, "its url has no host")
        }
        Ok(url) if !url.username().is_empty() || url.password().is_some() => findings.problem(
            label,
            INVALID_URL,
            "its url contains a user name or password: put them into authorization_header",
        ),
        Ok(url) if url.scheme() == "http" && has_secret && !is_loopback(&url) => findings.warning(
            label,
            "secret_in_clear",
            "its url is http://, so its Authorization value is sent unencrypted: use https://",
        ),
        Ok(_) => {}
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        Some(url::Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn flag(config: &Config, field: &str) -> bool {
    config.get(field).and_then(Value::as_bool).unwrap_or(true)
}

fn max_retries(config: &Config, label: &StageLabel, findings: &mut Findings) -> Option<u32> {
    let value = config.get("max_retries").filter(|value| !value.is_null())?;
    let number = value
        .as_u64()
        .and_then(|n| u32::try_from(n).ok())
        .filter(|n| *n <= MAX_RETRIES);
    if number.is_none() {
        let what = format!(
            "its max_retries must be a whole number from 0 to {MAX_RETRIES}; found {}",
            form::found(value)
        );
        findings.problem(label, "invalid_max_retries", what);
    }
    number
}

fn retry_delays(
    config: &Config,
    label: &StageLabel,
    findings: &mut Findings,
) -> Option<Vec<Duration>> {
    let value = config
        .get("retry_delays")
        .filter(|value| !value.is_null())?;
    let most = usize::try_from(MAX_RETRIES).unwrap_or(usize::MAX);
    let delays = value
        .as_array()
        .filter(|list| list.len() <= most)
        .and_then(|list| list.iter().map(delay).collect::<Option<Vec<_>>>());
    if delays.is_none() {
        let what = format!(
            "its retry_delays must be a list of at most {MAX_RETRIES} delays, each at most {} s: seconds, or text such as \"30s\" or \"2min\"; found {}",
            MAX_DELAY.as_secs(),
            wrong_delay(value)
        );
        findings.problem(label, "invalid_retry_delays", what);
    }
    delays
}

fn delay(value: &Value) -> Option<Duration> {
    duration::read(value).filter(|delay| *delay <= MAX_DELAY)
}

/// The entry that is wrong, or what was found instead of a list.
fn wrong_delay(value: &Value) -> String {
    let Value::Array(delays) = value else {
        return form::found(value);
    };
    match delays.iter().find(|value| delay(value).is_none()) {
        Some(wrong) => form::found(wrong),
        None => format!("{} delays", delays.len()),
    }
}

fn bounded(
    config: &Config,
    field: &str,
    least: Duration,
    most: Duration,
    label: &StageLabel,
    findings: &mut Findings,
) -> Option<Duration> {
    let value = config.get(field).filter(|value| !value.is_null())?;
    let read = duration::read(value).filter(|duration| (least..=most).contains(duration));
    if read.is_none() {
        let what = format!(
            "{field} must be from {} s to {} s: seconds, or text such as \"30s\"; found {}",
            least.as_secs_f64(),
            most.as_secs(),
            form::found(value)
        );
        findings.wrong_form(label, "invalid_duration", &what);
    }
    read
}
