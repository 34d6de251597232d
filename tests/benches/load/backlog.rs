//! A long queue that met no poller, drained to a receiver that answers at once.

use serde_json::json;

use crate::ledger::Ledger;
use crate::pipeline::{Pipeline, Stage};
use crate::process::Usage;
use crate::receiver::WELL;
use crate::remote::{Call, Remote};
use crate::report::Row;

pub(crate) const NAME: &str = "backlog";
const FILES: usize = 50_000;

pub(crate) async fn run() -> Vec<Row> {
    let mut remote = Remote::start();
    let stage = Stage {
        name: "Well",
        url: remote.url(WELL),
        settings: json!({}),
    };
    let (pipeline, files) = Pipeline::of_one(stage, FILES).await;
    let usage = Usage::begin();
    let pollers = pipeline.start();
    pipeline.at_rest().await;
    let used = usage.end();
    pollers.stop().await;
    let calls = remote.calls();
    let states = pipeline.states().await;
    let thousands = FILES as f64 / 1000.0;
    let cpu = used.cpu.map_or(f64::NAN, |cpu| cpu / thousands);
    let peak = used.peak.unwrap_or(0);
    vec![
        Row::figure(
            NAME,
            format!("{FILES} queued, then drained: files/s, first to last arrival"),
            format!("{:.0}", rate(&calls)),
        ),
        Row::figure(
            NAME,
            "CPU per 1,000 files, database included",
            format!("{cpu:.2} s"),
        ),
        Row::figure(NAME, "peak memory", format!("{peak} MiB")),
        Row::if_broken(
            calls.len() != FILES,
            NAME,
            "exactly one call a file",
            calls.len() == FILES,
        ),
        Ledger::succeeded(&files, &calls, &states).row(NAME, "files"),
    ]
}

/// As the peers' rate was measured.
fn rate(calls: &[Call]) -> f64 {
    let first = calls.iter().map(|call| call.at).min().unwrap_or(0);
    let last = calls.iter().map(|call| call.at).max().unwrap_or(0);
    calls.len().saturating_sub(1) as f64 / ((last - first) as f64 / 1e6)
}
