//! A receiver in trouble: every file fails twice, and all retries fall due in the same moment.

use std::time::Duration;

use serde_json::json;
use tokio::time::sleep;

use crate::ledger::Ledger;
use crate::pipeline::Pipeline;
use crate::process::Usage;
use crate::receiver::{STORM, now_micros};
use crate::remote::{Call, Remote};
use crate::row::Row;
use crate::stage::Stage;

pub(crate) const NAME: &str = "storm";
const FILES: usize = 10_000;

/// Failed waves before the receiver is well.
const FAILED: usize = 2;

/// From one wave to the next: all calls of a wave must have failed before the next is due.
const BETWEEN: u64 = 20;

/// One to spare: only a call that overtakes the receiver's recovery would need it.
const RETRY_DELAYS: [&str; 3] = ["1s", "1s", "1s"];

pub(crate) async fn run() -> Vec<Row> {
    let mut remote = Remote::start();
    let stage = Stage {
        name: "Storm",
        url: remote.url(STORM),
        // Every file is to be called three times.
        settings: json!({"retry_delays": RETRY_DELAYS, "breaker": false}),
    };
    let (pipeline, files) = Pipeline::of_one(stage, FILES).await;
    let usage = Usage::begin();
    let began = seconds(now_micros());
    remote.storm(began + BETWEEN);
    let pollers = pipeline.start();
    let mut due = Vec::new();
    for wave in 1..=FAILED {
        // The receiver's hint, not the schedule, decides: without jitter, to the second.
        let until = u64::try_from(wave).unwrap() * BETWEEN + began;
        while remote.count() < FILES * wave && seconds(now_micros()) + 1 < until {
            sleep(Duration::from_millis(100)).await;
        }
        due.push(until);
        if wave < FAILED {
            remote.storm(until + BETWEEN);
        } else {
            remote.recover();
        }
    }
    pipeline.at_rest().await;
    let used = usage.end();
    pollers.stop().await;
    let calls = remote.calls();
    let states = pipeline.states().await;
    let mut rows = vec![Row::figure(
        NAME,
        format!("{FILES} files: calls; seconds from first to last"),
        format!("{}; {:.1}", calls.len(), span(&calls, first(&calls))),
    )];
    for (attempt, until) in (2..).zip(&due) {
        let wave: Vec<Call> = calls
            .iter()
            .copied()
            .filter(|call| call.attempt == attempt)
            .collect();
        let due = i64::try_from(*until).unwrap() * 1_000_000;
        let took = span(&wave, due);
        let per_second = wave.len() as f64 / took;
        rows.push(Row::figure(
            NAME,
            format!("attempt {attempt}, all due at once: calls; seconds until the last; calls/s"),
            format!("{}; {took:.1}; {per_second:.0}", wave.len()),
        ));
    }
    let lag = pipeline.lags.longest().as_secs_f64();
    rows.extend([
        Row::figure(NAME, "longest from due to sent", format!("{lag:.1} s")),
        Row::figure(NAME, "CPU; peak memory", used),
        Ledger::succeeded(&files, &calls, &states).row(NAME, "files"),
    ]);
    rows
}

fn seconds(micros: i64) -> u64 {
    u64::try_from(micros / 1_000_000).unwrap()
}

fn first(calls: &[Call]) -> i64 {
    calls.iter().map(|call| call.at).min().unwrap_or(0)
}

/// Seconds from `begin` to the last arrival.
fn span(calls: &[Call], begin: i64) -> f64 {
    let last = calls.iter().map(|call| call.at).max().unwrap_or(begin);
    (last - begin) as f64 / 1e6
}
