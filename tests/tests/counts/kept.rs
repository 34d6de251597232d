//! The checked-in counts.

use std::path::PathBuf;

use serde_json::Value;

use crate::emulator;

fn path() -> PathBuf {
    emulator::root().join("infra/sam/counts.json")
}

/// Fails if anything has grown, or has shrunk so much that the price is no longer true. Log lines differ by a few
/// bytes from run to run, since they contain times.
pub fn compare(counted: &Value) {
    let kept = std::fs::read(path()).unwrap_or_default();
    let mut kept: Value = serde_json::from_slice(&kept).unwrap_or_default();
    if std::env::var_os("UPDATE_COUNTS").is_some() {
        for (name, counted) in counted.as_object().unwrap() {
            kept[name] = rounded(counted);
        }
        std::fs::write(path(), format!("{kept:#}\n")).unwrap();
        return;
    }
    let mut differences = Vec::new();
    for (name, counted) in counted.as_object().unwrap() {
        differ(name, &rounded(counted), &kept[name], &mut differences);
    }
    assert!(
        differences.is_empty(),
        "infra/sam/counts.json is not what is counted; if that is meant, run this again with UPDATE_COUNTS=1, then \
         infra/sam/price --update and infra/sam/ceiling --update:\n{}",
        differences.join("\n")
    );
}

/// Bytes in tens, upwards; everything else in thousandths.
fn rounded(value: &Value) -> Value {
    match value {
        Value::Object(all) => {
            let each = all.iter().map(|(name, value)| match value.as_f64() {
                Some(bytes) if name == "log_bytes" => {
                    (name.clone(), ((bytes / 10.0).ceil() * 10.0).into())
                }
                _ => (name.clone(), rounded(value)),
            });
            Value::Object(each.collect())
        }
        Value::Number(number) => ((number.as_f64().unwrap() * 1000.0).round() / 1000.0).into(),
        other => other.clone(),
    }
}

fn differ(name: &str, counted: &Value, kept: &Value, differences: &mut Vec<String>) {
    if let Value::Object(all) = counted {
        for (part, counted) in all {
            differ(&format!("{name}.{part}"), counted, &kept[part], differences);
        }
        return;
    }
    let (counted, kept) = (counted.as_f64().unwrap(), kept.as_f64().unwrap_or(-1.0));
    let tolerance = match name {
        // Durations have more digits on a slow machine.
        _ if name.ends_with("log_bytes") => kept * 0.06,
        // They differ from one compiler and processor to another.
        _ if name.starts_with("instructions.") => kept * 0.1,
        // Retries go together if their answers come within milliseconds of each other. Five requests more would be none.
        "failing_file.sqs_sends" | "failing_file.requests" => 1.0,
        _ => 0.0,
    };
    if (counted - kept).abs() > tolerance {
        differences.push(format!("{name}: counted {counted}, kept {kept}"));
    }
}

#[test]
fn a_count_that_grows_or_shrinks_is_noticed() {
    let kept = serde_json::json!({"log_bytes": 500.0, "requests": 2.0});
    for (counted, expected) in [
        (serde_json::json!({"log_bytes": 525.0, "requests": 2.0}), 0),
        (serde_json::json!({"log_bytes": 540.0, "requests": 2.1}), 2),
        (serde_json::json!({"log_bytes": 400.0, "requests": 1.0}), 2),
    ] {
        let mut differences = Vec::new();
        differ("x", &counted, &kept, &mut differences);
        assert_eq!(differences.len(), expected, "{differences:?}");
    }
}
