//! Files that wait on the queue, drained.

use std::time::Instant;

use crate::files::File;
use crate::ledger::Ledger;
use crate::pipeline::{Calls, Pipeline};
use crate::process::{Usage, Used};
use crate::remote::{Call, Remote};
use crate::row::Row;

/// How it went.
pub(crate) struct Drained {
    /// Files a second, from the first arrival to the last.
    pub(crate) rate: f64,
    pub(crate) used: Used,
    /// Until all files were at rest, in seconds.
    pub(crate) took: f64,
    pub(crate) calls: Vec<Call>,
    ledger: Ledger,
}

/// What draining took, until all files were at rest.
pub(crate) struct Spent {
    used: Used,
    /// Seconds.
    took: f64,
}

/// Drains whatever is on the queues.
pub(crate) async fn drain(pipeline: &Pipeline, calls: Calls) -> Spent {
    let usage = Usage::begin();
    let began = Instant::now();
    let pollers = pipeline.start_with(calls);
    pipeline.at_rest().await;
    let (used, took) = (usage.end(), began.elapsed().as_secs_f64());
    pollers.stop().await;
    Spent { used, took }
}

impl Drained {
    /// Drains the files, which are all there are on the queues.
    pub(crate) async fn of(
        pipeline: &Pipeline,
        files: &[File],
        remote: &mut Remote,
        calls: Calls,
    ) -> Self {
        let spent = drain(pipeline, calls).await;
        Self::afterwards(spent, pipeline, files, remote).await
    }

    /// Looks where the files are that were drained.
    pub(crate) async fn afterwards(
        Spent { used, took }: Spent,
        pipeline: &Pipeline,
        files: &[File],
        remote: &mut Remote,
    ) -> Self {
        let calls = remote.calls();
        let states = pipeline.states_of(files).await;
        Self {
            rate: rate(&calls),
            used,
            took,
            ledger: Ledger::succeeded(files, &calls, &states),
            calls,
        }
    }

    /// What must hold of every file.
    pub(crate) fn promises(&self, scenario: &str, who: &str) -> [Row; 2] {
        let (calls, files) = (self.calls.len(), self.ledger.files());
        let once = format!("{who}: exactly one call a file");
        [
            Row::if_broken(calls != files, scenario, once, calls == files),
            self.ledger.row(scenario, who),
        ]
    }
}

/// As the peers' rate was measured.
pub(crate) fn rate(calls: &[Call]) -> f64 {
    let first = calls.iter().map(|call| call.at).min().unwrap_or(0);
    let last = calls.iter().map(|call| call.at).max().unwrap_or(0);
    calls.len().saturating_sub(1) as f64 / ((last - first) as f64 / 1e6)
}
