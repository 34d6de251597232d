//! The queries for people name fields that the lines have.

use std::collections::BTreeSet;

use delivery::Reason;
use delivery::control::HeldBy;
use delivery::ports::Observation;
use serde_json::Value;

use super::super::{LogAttempts, MetricsBy};
use super::scene::{ended, invocation, observer, parsed, stage};

const QUERIES: &str = include_str!("../../../../../infra/sam/QUERIES.md");

/// As in <https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html#platform-report>.
const PLATFORM_REPORT: &str = r#"{
    "time": "2022-10-12T00:01:15.000Z", "type": "platform.report",
    "record": {
        "requestId": "6d68ca91-49c9-448d-89b8-7ca3e6dc66aa", "status": "success",
        "metrics": {
            "billedDurationMs": 694, "durationMs": 693.92, "initDurationMs": 397.68,
            "maxMemoryUsedMB": 84, "memorySizeMB": 128
        }
    }
}"#;

/// Words of the query language, and the fields that Logs Insights adds:
/// <https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_QuerySyntax.html>
const LANGUAGE: &str = "filter fields stats sort by as and or in like asc desc limit ispresent count sum avg max min \
    pct latest bin @timestamp @message @log";

/// The names of the fields in a line, as the language writes them.
fn fields(line: &Value, below: &str, found: &mut BTreeSet<String>) {
    for (name, value) in line.as_object().into_iter().flatten() {
        let name = format!("{below}{name}");
        fields(value, &format!("{name}."), found);
        found.insert(name);
    }
}

fn written() -> BTreeSet<String> {
    let observer = observer(MetricsBy::Team, LogAttempts::All);
    let (good, bad) = (
        ended("acme", None),
        ended("acme", Some(Reason::DeadLettered)),
    );
    let stage = stage();
    let lines = invocation(
        &observer,
        &[
            Observation::Attempted(&good.0),
            Observation::Attempted(&bad.0),
            Observation::Left(&bad.1),
            Observation::PutOff(&stage, HeldBy::Breaker),
        ],
    );
    let mut lines = parsed(&lines);
    lines.push(serde_json::from_str(PLATFORM_REPORT).unwrap());
    let mut found = BTreeSet::new();
    for line in &lines {
        fields(line, "", &mut found);
    }
    found
}

/// The words of a query that are neither of the language nor names that it gives, nor fields of a line.
fn unknown(query: &str, known: &BTreeSet<String>) -> Vec<String> {
    let mut unknown = Vec::new();
    // Every other part is a text between quotation marks.
    let outside: Vec<_> = query.split('"').step_by(2).collect();
    let outside = outside.join(" ");
    let is_of_word = |char: char| char.is_ascii_alphanumeric() || "_.@".contains(char);
    let words = outside.split(|char| !is_of_word(char));
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    let is_name = |word: &&str| !word.starts_with(|char: char| char.is_ascii_digit());
    let given = words.windows(2).filter(|pair| pair[0] == "as");
    let given: BTreeSet<_> = given.map(|pair| pair[1]).collect();
    for word in words.into_iter().filter(is_name) {
        let is_known = LANGUAGE.split(' ').any(|known| known == word);
        if !is_known && !given.contains(word) && !known.contains(word) {
            unknown.push(word.to_owned());
        }
    }
    unknown
}

#[test]
fn every_field_of_the_queries_is_in_a_line() {
    let known = written();
    let queries: Vec<_> = QUERIES.split("```text\n").skip(1).collect();
    assert!(queries.len() >= 10, "{}", queries.len());
    for query in queries {
        let query = query.split("```").next().unwrap();
        assert_eq!(unknown(query, &known), [""; 0], "in {query}");
    }
}

#[test]
fn a_field_that_no_line_has_is_found() {
    let query =
        "filter statsu = 200 and message = \"attempts\" | stats count(*) as files by Stage, edge";
    assert_eq!(unknown(query, &written()), ["statsu", "Stage"]);
}
