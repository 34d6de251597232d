//! A stage with a `max_rate` and more files than that.

use serde_json::json;

use crate::ledger::Ledger;
use crate::pipeline::Pipeline;
use crate::process::Usage;
use crate::receiver::WELL;
use crate::remote::Remote;
use crate::row::Row;
use crate::stage::Stage;

pub(crate) const NAME: &str = "rate";
const FILES: usize = 2_000;
const RATE: usize = 50;

/// Microseconds.
const WINDOW: i64 = 10_000_000;

pub(crate) async fn run() -> Vec<Row> {
    let mut remote = Remote::start();
    let stage = Stage {
        name: "Limited",
        url: remote.url(WELL),
        settings: json!({"max_rate": format!("{RATE}/s")}),
    };
    let (pipeline, files) = Pipeline::of_one(stage, FILES).await;
    let usage = Usage::begin();
    let pollers = pipeline.start();
    pipeline.at_rest().await;
    let used = usage.end();
    pollers.stop().await;
    let calls = remote.calls();
    let states = pipeline.states().await;
    let mut at: Vec<i64> = calls.iter().map(|call| call.at).collect();
    at.sort_unstable();
    let in_window = |from: &i64| {
        at.iter()
            .filter(|at| (*from..from + WINDOW).contains(at))
            .count()
    };
    let most = at.iter().map(in_window).max().unwrap_or(0);
    let took = (at.last().unwrap() - at.first().unwrap()) as f64 / 1e6;
    let achieved = FILES as f64 / took;
    let allowed = RATE * 10 * 105 / 100;
    vec![
        Row::figure(
            NAME,
            format!("{FILES} files at most {RATE}/s: calls/s; seconds"),
            format!("{achieved:.1}; {took:.1}"),
        ),
        Row::if_broken(
            most > allowed,
            NAME,
            format!("most calls in any 10 s, at most {allowed}"),
            most,
        ),
        Row::number(
            NAME,
            "of the rate allowed",
            achieved * 100.0 / RATE as f64,
            "%",
        )
        .at_least(90.0),
        Row::figure(NAME, "CPU; peak memory", used),
        Ledger::succeeded(&files, &calls, &states).row(NAME, "files"),
    ]
}
