use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use delivery::Reason;
use delivery::ports::{Observation, Observer};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use uuid::Uuid;

use crate::terminal::output::say;
use crate::terminal::stages::Stages;

/// Counts calls and finished files, and shows a progress bar on standard error if that is a terminal.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    calls: AtomicU64,
    failed_calls: AtomicU64,
    stages: Stages,
}

impl Progress {
    /// A bar whose length is `files` visits.
    #[must_use]
    pub fn new(files: u64) -> Self {
        let bar = if std::io::stderr().is_terminal() {
            ProgressBar::with_draw_target(Some(files), ProgressDrawTarget::stderr_with_hz(10))
        } else {
            ProgressBar::hidden()
        };
        let template = "{bar:32} {pos}/{len} files  {msg}  {elapsed}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self {
            bar,
            calls: AtomicU64::new(0),
            failed_calls: AtomicU64::new(0),
            stages: Stages::default(),
        }
    }

    /// Tells the names of stages, for notices about them.
    pub(crate) fn name_stages(&self, names: impl IntoIterator<Item = (Uuid, String)>) {
        self.stages.name(names);
    }

    /// Adds visits to the bar's length.
    pub fn expect(&self, more: u64) {
        self.bar.inc_length(more);
    }

    /// Calls made so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    fn show(&self, calls: u64, failed: u64) {
        let trouble = self.stages.trouble();
        let message = format!("{calls} calls, {failed} without success{trouble}");
        self.bar.set_message(message);
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress {
    fn observe(&self, observation: Observation<'_>) {
        match observation {
            // No call was made.
            Observation::Attempted(attempted)
                if attempted.summary.reason == Some(Reason::CircuitOpen) => {}
            Observation::Attempted(attempted) => {
                let calls = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
                let failed = u64::from(attempted.summary.reason.is_some());
                let failed = self.failed_calls.fetch_add(failed, Ordering::Relaxed) + failed;
                self.show(calls, failed);
            }
            Observation::Left(_) | Observation::Rejected(_) => self.bar.inc(1),
            Observation::StageChanged(change) => {
                if let Some(line) = self.stages.changed(change) {
                    self.bar.suspend(|| say!("{line}"));
                }
                let failed = self.failed_calls.load(Ordering::Relaxed);
                self.show(self.calls(), failed);
            }
            _ => {}
        }
    }
}
