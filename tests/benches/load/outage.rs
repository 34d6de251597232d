//! A receiver that fails every call for a while, with thousands of files, beside a healthy one.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::files::assign;
use crate::isolation::{latencies, steadily};
use crate::ledger::Ledger;
use crate::pipeline::Pipeline;
use crate::process::Usage;
use crate::receiver::{DOWN, WELL, now_micros};
use crate::remote::{Call, Remote};
use crate::row::Row;
use crate::stage::Stage;

pub(crate) const NAME: &str = "outage";
const FILES: usize = 5_000;
const HEALTHY: usize = 100;

/// How long the receiver is down: less than the stage's patience, which is the sum of its delays.
const OUTAGE: Duration = Duration::from_secs(15);
const RETRY_DELAYS: [&str; 5] = ["1s", "2s", "4s", "8s", "8s"];

pub(crate) async fn run() -> Vec<Row> {
    let mut rows = Vec::new();
    for (label, breaker) in [("without a breaker", false), ("with it", true)] {
        rows.extend(once(label, breaker).await);
    }
    rows
}

async fn once(label: &str, breaker: bool) -> Vec<Row> {
    let mut remote = Remote::start();
    let pipeline = Pipeline::new(&[
        Stage {
            name: "Healthy",
            url: remote.url(WELL),
            settings: json!({}),
        },
        Stage {
            name: "Down",
            url: remote.url(DOWN),
            settings: json!({"retry_delays": RETRY_DELAYS, "breaker": breaker}),
        },
    ])
    .await;
    let down = pipeline.files("Down", FILES).await;
    let healthy = pipeline.files("Healthy", HEALTHY).await;
    remote.storm(1);
    assign(&pipeline.engine, &down).await;
    let usage = Usage::begin();
    let pollers = pipeline.start();
    let beside = steadily(&pipeline, healthy.clone()).await;
    sleep(OUTAGE.saturating_sub(Duration::from_secs(10))).await;
    remote.recover();
    let recovered = now_micros();
    pipeline.at_rest().await;
    let used = usage.end();
    pollers.stop().await;
    let calls = remote.calls();
    let states = pipeline.states().await;
    let ids: HashSet<_> = down.iter().map(|file| file.delivery_id).collect();
    let (to_down, well): (Vec<Call>, Vec<Call>) =
        calls.iter().partition(|call| ids.contains(&call.id));
    let during = to_down.iter().filter(|call| call.at < recovered).count();
    let last = to_down.iter().map(|call| call.at).max();
    let after = last.map_or(0.0, |at| (at - recovered) as f64 / 1e6);
    vec![
        Row::figure(
            NAME,
            format!(
                "{FILES} files, 15 s of 503, {label}: calls meanwhile / in all; seconds until the last afterwards"
            ),
            format!("{during} / {}; {after:.1}", to_down.len()),
        ),
        Row::figure(
            NAME,
            format!(
                "{HEALTHY} files of a healthy stage beside it, {label}: assigned to arrived, p50 / p95 / p99 / max"
            ),
            latencies(&beside, &well),
        ),
        Row::figure(NAME, format!("CPU; peak memory, {label}"), used),
        Ledger::succeeded(&down, &to_down, &states).row(NAME, &format!("files, {label}")),
        Ledger::succeeded(&healthy, &well, &states).row(NAME, &format!("healthy files, {label}")),
    ]
}
