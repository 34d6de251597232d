//! Reads when and after what a stage repeats its calls.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::duration;
use crate::findings::Findings;
use crate::form;
use crate::problem::StageLabel;
use crate::retry_on::RetryOn;
use crate::webhook::{MAX_DELAY, MAX_RETRIES, MAX_RETRY_TIME, STANDARD_WEBHOOKS};

type Config = Map<String, Value>;

/// The name of the schedule that Standard Webhooks recommends.
const STANDARD_NAME: &str = "standard-webhooks";

pub(crate) fn max_retries(
    config: &Config,
    label: &StageLabel,
    findings: &mut Findings,
) -> Option<u32> {
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

pub(crate) fn retry_delays(
    config: &Config,
    label: &StageLabel,
    findings: &mut Findings,
) -> Option<Vec<Duration>> {
    let value = config
        .get("retry_delays")
        .filter(|value| !value.is_null())?;
    if value.as_str() == Some(STANDARD_NAME) {
        return Some(STANDARD_WEBHOOKS.to_vec());
    }
    let most = usize::try_from(MAX_RETRIES).unwrap_or(usize::MAX);
    let delays = value
        .as_array()
        .filter(|list| list.len() <= most)
        .and_then(|list| list.iter().map(delay).collect::<Option<Vec<_>>>());
    if delays.is_none() {
        let what = format!(
            "its retry_delays must be \"{STANDARD_NAME}\", or a list of at most {MAX_RETRIES} delays, each at most {} h: seconds, or text such as \"30s\" or \"2min\"; found {}",
            MAX_DELAY.as_secs() / 3600,
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

/// Checks the time that all of a stage's retries may take.
pub(crate) fn check_retry_time(
    delays: Option<&Vec<Duration>>,
    max_retries: Option<u32>,
    label: &StageLabel,
    findings: &mut Findings,
) {
    let Some(delays) = delays else {
        return;
    };
    let retries = max_retries.map_or(delays.len(), |max| {
        usize::try_from(max).unwrap_or(usize::MAX)
    });
    let last = delays.last().copied().unwrap_or_default();
    let all = delays.iter().copied().chain(std::iter::repeat(last));
    let sum = all
        .take(retries)
        .fold(Duration::ZERO, Duration::saturating_add);
    if sum > MAX_RETRY_TIME {
        let what = format!(
            "its retries take {} h together, and may take {} h (7 days) at most",
            sum.as_secs().div_ceil(3600),
            MAX_RETRY_TIME.as_secs() / 3600
        );
        findings.problem(label, "invalid_retry_delays", what);
    }
}

/// Which failures are repeated: classes of statuses such as `"5xx"`, single statuses, and `"network"`.
pub(crate) fn retry_on(
    config: &Config,
    label: &StageLabel,
    findings: &mut Findings,
) -> Option<RetryOn> {
    let value = config.get("retry_on").filter(|value| !value.is_null())?;
    let mut read = RetryOn::default();
    let wrong = match value {
        Value::Array(entries) => entries.iter().find(|entry| !add(&mut read, entry)),
        other => Some(other),
    };
    if let Some(wrong) = wrong {
        let what = format!(
            "its retry_on must be a list of \"network\", \"3xx\", \"4xx\", \"5xx\" and statuses from 300 to 599; found {}",
            form::found(wrong)
        );
        findings.unusable(label, "invalid_retry_on", what);
    }
    Some(read)
}

fn add(read: &mut RetryOn, entry: &Value) -> bool {
    match (entry.as_str(), entry.as_u64()) {
        (Some("network"), _) => read.network = true,
        (Some("3xx"), _) => read.classes.push(3),
        (Some("4xx"), _) => read.classes.push(4),
        (Some("5xx"), _) => read.classes.push(5),
        (_, Some(status @ 300..=599)) => read.statuses.extend(u16::try_from(status)),
        _ => return false,
    }
    true
}
