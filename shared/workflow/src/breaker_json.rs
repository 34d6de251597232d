//! Reads the settings of a stage's circuit breaker and its rate.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::breaker::{BreakerConfig, Rate};
use crate::duration;
use crate::findings::Findings;
use crate::form::{self, Fields, Form};
use crate::problem::StageLabel;

/// The settings of a circuit breaker.
pub(crate) const SETTINGS: Fields = &[
    ("failures_in_a_row", Form::Whole),
    ("failed_percent", Form::Whole),
    ("calls", Form::Whole),
    ("window", Form::Delay),
];

const INVALID_BREAKER: &str = "invalid_breaker";

/// `true` or nothing for the defaults, `false` for no breaker, or an object with some of its settings.
pub(crate) fn breaker(
    config: &Map<String, Value>,
    label: &StageLabel,
    findings: &mut Findings,
) -> Option<BreakerConfig> {
    match config.get("breaker") {
        None | Some(Value::Null | Value::Bool(true)) => Some(BreakerConfig::default()),
        Some(Value::Bool(false)) => None,
        Some(Value::Object(settings)) => Some(settings_of(settings, label, findings)),
        Some(other) => {
            let what = format!(
                "breaker must be true, false or an object; found {}",
                form::found(other)
            );
            findings.wrong_form(label, INVALID_BREAKER, &what);
            Some(BreakerConfig::default())
        }
    }
}

fn settings_of(
    settings: &Map<String, Value>,
    label: &StageLabel,
    findings: &mut Findings,
) -> BreakerConfig {
    let default = BreakerConfig::default();
    let mut whole = |field: &str, most: u32, or: u32| {
        let Some(value) = settings.get(field).filter(|value| !value.is_null()) else {
            return or;
        };
        let read = value.as_u64().and_then(|number| u32::try_from(number).ok());
        read.filter(|number| (1..=most).contains(number))
            .unwrap_or_else(|| {
                let what = format!(
                    "breaker.{field} must be a whole number from 1 to {most}; found {}",
                    form::found(value)
                );
                findings.wrong_form(label, INVALID_BREAKER, &what);
                or
            })
    };
    let read = BreakerConfig {
        failures_in_a_row: whole("failures_in_a_row", 1000, default.failures_in_a_row),
        failed_percent: whole("failed_percent", 100, default.failed_percent),
        calls: whole("calls", 200, default.calls),
        window: default.window,
    };
    let window = window(settings, default.window, label, findings);
    for field in settings
        .keys()
        .filter(|field| SETTINGS.iter().all(|(known, _)| known != field))
    {
        let known: Vec<_> = SETTINGS.iter().map(|(known, _)| *known).collect();
        let what = format!(
            "breaker has no setting {field:?}: it has {}",
            known.join(", ")
        );
        findings.wrong_form(label, INVALID_BREAKER, &what);
    }
    BreakerConfig { window, ..read }
}

fn window(
    settings: &Map<String, Value>,
    default: Duration,
    label: &StageLabel,
    findings: &mut Findings,
) -> Duration {
    let Some(value) = settings.get("window").filter(|value| !value.is_null()) else {
        return default;
    };
    let range = Duration::from_secs(1)..=Duration::from_mins(15);
    let read = duration::read(value).filter(|window| range.contains(window));
    read.unwrap_or_else(|| {
        let what = format!(
            "breaker.window must be from 1 s to 900 s: seconds, or text such as \"30s\"; found {}",
            form::found(value)
        );
        findings.wrong_form(label, INVALID_BREAKER, &what);
        default
    })
}

/// Text such as `10/s`.
pub(crate) fn max_rate(
    config: &Map<String, Value>,
    label: &StageLabel,
    findings: &mut Findings,
) -> Option<Rate> {
    let value = config.get("max_rate").filter(|value| !value.is_null())?;
    let rate = value.as_str().and_then(Rate::parse);
    if rate.is_none() {
        let what = format!(
            "max_rate must be text such as \"10/s\", \"600/min\" or \"5000/h\", at most 10000/s; found {}",
            form::found(value)
        );
        findings.wrong_form(label, "invalid_max_rate", &what);
    }
    rate
}
