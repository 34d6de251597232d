//! What docs/stages.md says about conditions and bodies: each example is run, and the tables name all that there is.

use std::collections::BTreeSet;
use std::time::{Duration, UNIX_EPOCH};

use delivery::ports::{Call, Caller, Wanted};
use delivery::{Document, Timestamp};
use serde_json::Value;
use template::{Body, BodyFormat, Condition};
use workflow::{WebhookConfig, Workflow};

use crate::received;
use crate::support::{Reader, call, caller};

const PAGE: &str = include_str!("../../../../docs/stages.md");
const WORKFLOW: &[u8] = include_bytes!("../../../workflow/tests/data/two_webhooks.json");

/// The text under a heading, up to the next one of its rank.
fn part(heading: &str) -> &'static str {
    let (_, after) = PAGE
        .split_once(&format!("\n{heading}\n"))
        .unwrap_or_else(|| panic!("{heading}"));
    let rank = heading.split(' ').next().unwrap();
    let end = after.find(&format!("\n{rank} ")).unwrap_or(after.len());
    &after[..end]
}

/// The blocks of code, in their order.
fn blocks(part: &str) -> Vec<&str> {
    let mut blocks = part.split("```");
    blocks.next();
    blocks
        .step_by(2)
        .map(|block| block.split_once('\n').unwrap().1)
        .collect()
}

/// The cells of the tables' rows, without heads. A bar within a cell is escaped.
fn rows(part: &str) -> Vec<Vec<String>> {
    let is_row = |line: &&str| line.starts_with('|');
    let tables = part.lines().collect::<Vec<_>>();
    tables
        .split(|line| !is_row(line))
        .flat_map(|table| table.iter().skip(2))
        .map(|row| {
            let cells = row.replace("\\|", "\u{0}");
            let cells = cells.trim_matches('|').split('|');
            cells
                .map(|cell| cell.trim().replace('\u{0}', "|"))
                .collect()
        })
        .collect()
}

/// What is written as code in a cell.
fn codes(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// The settings as they are stored and read again.
fn config(fields: &str) -> WebhookConfig {
    let fields: Value =
        serde_json::from_str(fields).unwrap_or_else(|error| panic!("{error}: {fields}"));
    let mut workflow: Value = serde_json::from_slice(WORKFLOW).unwrap();
    let config = workflow["stages"][1]["config"].as_object_mut().unwrap();
    config.remove("authorization_header");
    config.remove("signing_secrets");
    config.extend(fields.as_object().unwrap().clone());
    let json = workflow.to_string();
    let imported = Workflow::import(json.as_bytes()).unwrap_or_else(|error| panic!("{error}"));
    imported.workflow.stages[1].webhook.clone().unwrap()
}

fn example(fields: &str) -> Call<Reader> {
    let document = blocks(part("### Examples"))[0];
    Call {
        config: config(fields),
        document: Document::Bytes(document.as_bytes().into()),
        sent_at: Timestamp::from(UNIX_EPOCH + Duration::from_secs(1_790_000_000)),
        ..call("")
    }
}

#[tokio::test]
async fn each_example_sends_what_the_page_says() {
    let blocks = blocks(part("### Examples"));
    let examples = &blocks[1..];
    assert!(examples.len() >= 14 && examples.len().is_multiple_of(2));
    for pair in examples.chunks(2) {
        let call = example(pair[0]);
        assert_eq!(
            caller().wants(&call).await.unwrap(),
            Wanted::Yes,
            "{}",
            pair[0]
        );
        let body = call.config.body.clone().unwrap();
        let request = received(call).await;
        assert_eq!(request.headers["content-type"], body.content_type);
        let sent = String::from_utf8(request.body).unwrap();
        match BodyFormat::of(&body.content_type) {
            BodyFormat::Text => assert_eq!(sent, pair[1]),
            BodyFormat::Json => {
                let [sent, said]: [Value; 2] =
                    [&*sent, pair[1]].map(|json| serde_json::from_str(json).unwrap());
                assert_eq!(sent, said, "{}", pair[0]);
            }
        }
    }
}

#[tokio::test]
async fn each_condition_holds_or_not_as_the_page_says() {
    let rows = rows(part("### Examples"));
    assert!(rows.len() >= 6);
    for row in rows {
        let mut call = example("{}");
        call.config.condition = Some(codes(&row[0])[0].to_owned());
        let expected = match row[2].as_str() {
            "yes" => Wanted::Yes,
            "no" => Wanted::No,
            other => panic!("{other}"),
        };
        assert_eq!(caller().wants(&call).await.unwrap(), expected, "{}", row[0]);
    }
}

/// The names that there are, which the message about one that is none lists.
fn known(unknown: &str) -> BTreeSet<String> {
    let error = Condition::parse(unknown).unwrap_err().to_string();
    let (_, names) = error.split_once("; there are ").unwrap();
    names.split(", ").map(str::to_owned).collect()
}

/// The names in the first cells of a part's tables.
fn documented(heading: &str) -> BTreeSet<String> {
    let rows = rows(part(heading));
    let cells = rows.iter().flat_map(|row| codes(&row[0]));
    cells
        .map(|code| code.split('(').next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_tables_name_all_that_there_is() {
    for (heading, unknown) in [
        ("### Names", "no_such"),
        ("### Functions", "no_such()"),
        ("### Filters", "1|no_such"),
        ("### Tests", "1 is no_such"),
    ] {
        assert_eq!(documented(heading), known(unknown), "{heading}");
    }
}

#[test]
fn each_example_of_the_tables_can_be_read() {
    for heading in ["### Functions", "### Filters"] {
        for row in rows(part(heading)) {
            for code in codes(&row[1]) {
                let template = format!("{{{{ {code} }}}}");
                let read = Body::parse(&template, BodyFormat::Json);
                assert!(read.is_ok(), "{code}: {read:?}");
            }
        }
    }
}
