use std::time::Duration;

use serde_json::{Map, Value};
use url::Url;

use crate::access_json;
use crate::breaker::MAX_PATIENCE;
use crate::breaker_json;
use crate::duration;
use crate::findings::Findings;
use crate::form;
use crate::problem::StageLabel;
use crate::request_json;
use crate::retry_json;
use crate::secrets::{SecretRef, StageSecrets};
use crate::secrets_json;
use crate::webhook::{MAX_TIMEOUT, WebhookConfig};

type Config = Map<String, Value>;

const INVALID_URL: &str = "invalid_url";

/// Reads a Webhook stage's settings, and takes its secrets out of them.
pub(crate) fn read(
    config: &mut Config,
    label: &StageLabel,
    default_ref: SecretRef,
    secrets: &mut Vec<(SecretRef, StageSecrets)>,
    findings: &mut Findings,
) -> Option<WebhookConfig> {
    let secret_ref = secrets_json::take(config, label, default_ref, secrets, findings);
    let url = url(config, secret_ref.is_some(), label, findings);
    let max_retries = retry_json::max_retries(config, label, findings);
    let retry_delays = retry_json::retry_delays(config, label, findings);
    retry_json::check_retry_time(retry_delays.as_ref(), max_retries, label, findings);
    Some(WebhookConfig {
        retry_if_fails: flag(config, "retry_if_fails"),
        include_annotations: flag(config, "include_annotations"),
        max_retries,
        retry_delays,
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
        condition: request_json::condition(config, label, findings),
        body: request_json::body(config, label, findings),
        method: request_json::method(config, label, findings),
        headers: request_json::headers(config, label, findings),
        retry_on: retry_json::retry_on(config, label, findings),
        access: access_json::access(config, &url, label, findings),
        has_client_certificate: access_json::client_certificate(config, label, findings),
        url,
    })
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
