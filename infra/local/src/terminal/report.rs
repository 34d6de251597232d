//! Prints what became of the files, as JSON lines or as a table.

use std::io::{self, Write};
use std::time::Duration;

use delivery::ports::{Lists, PortError};
use delivery::{DeliveryState, FileKey, FileState, Outcome};
use serde::Serialize;
use uuid::Uuid;
use workflow::{RejectReason, Workflow};

use crate::terminal::columns::write_columns;
use crate::terminal::output::output;

/// The most rows that a table shows, failures first; the others are only counted.
const MAX_ROWS: usize = 60;

/// One file's visit to a stage, and how it ended.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Row {
    /// The item's id.
    pub item_id: Uuid,
    /// The item's name.
    pub name: String,
    /// The stage it was assigned to.
    pub stage: String,
    /// `succeeded`, `failed`, `rejected` or `already_passed`.
    pub outcome: &'static str,
    /// Attempts, whether or not a call was made.
    pub attempts: usize,
    /// Calls made.
    #[serde(skip)]
    pub calls: usize,
    /// The last HTTP status.
    pub status: Option<u16>,
    /// The reason code of a failure.
    pub reason: Option<&'static str>,
    /// The stage it went to.
    pub moved_to: Option<String>,
    /// The time from its assignment to its end, in milliseconds.
    pub duration_ms: u64,
    /// Visits to further Webhook stages that the workflow moved it on to.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<Next>,
    /// The reason in words.
    #[serde(skip)]
    pub explained: Option<&'static str>,
}

impl Row {
    /// How a delivery ended, or that it has not ended yet.
    pub(crate) const fn outcome_of(delivery: &DeliveryState) -> &'static str {
        match delivery.outcome {
            Some(outcome) => outcome.as_str(),
            None => "under way",
        }
    }
}

/// A visit to a further Webhook stage.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Next {
    /// The stage.
    pub stage: String,
    /// `succeeded` or `failed`.
    pub outcome: &'static str,
    /// Attempts, whether or not a call was made.
    pub attempts: usize,
    /// Calls made.
    #[serde(skip)]
    pub calls: usize,
    /// The last HTTP status.
    pub status: Option<u16>,
    /// The reason code of a failure.
    pub reason: Option<&'static str>,
    /// The stage it went to.
    pub moved_to: Option<String>,
}

impl Row {
    /// A file whose assignment was rejected.
    #[must_use]
    pub(crate) fn rejected(key: &FileKey, name: &str, stage: &str, reason: RejectReason) -> Self {
        Self {
            item_id: key.item_id,
            name: name.to_owned(),
            stage: stage.to_owned(),
            outcome: "rejected",
            attempts: 0,
            calls: 0,
            status: None,
            reason: Some(reason.code()),
            moved_to: None,
            duration_ms: 0,
            then: Vec::new(),
            explained: Some(reason.explain()),
        }
    }

    /// A finished delivery.
    #[must_use]
    pub(crate) fn delivered(
        workflow: &Workflow,
        key: &FileKey,
        name: &str,
        delivery: &DeliveryState,
    ) -> Self {
        let next = Next::of(workflow, delivery);
        let ended = delivery.ended_at.unwrap_or(delivery.opened_at);
        Self {
            item_id: key.item_id,
            name: name.to_owned(),
            stage: next.stage,
            outcome: next.outcome,
            attempts: next.attempts,
            calls: next.calls,
            status: next.status,
            reason: next.reason,
            moved_to: next.moved_to,
            duration_ms: u64::try_from(delivery.opened_at.until(ended).as_millis())
                .unwrap_or(u64::MAX),
            then: Vec::new(),
            explained: delivery.reason.map(delivery::Reason::explain),
        }
    }

    /// The file's outcome over all visits, including the stages that it went on to.
    #[must_use]
    pub(crate) fn overall(&self) -> &'static str {
        if self.is_success() || self.outcome == "rejected" {
            self.outcome
        } else {
            "failed"
        }
    }

    /// The stage of the last visit, if that failed.
    #[must_use]
    pub(crate) fn failed_last_at(&self) -> Option<&str> {
        let last = self.then.last();
        let (stage, outcome) = last.map_or((&self.stage, self.outcome), |n| (&n.stage, n.outcome));
        (outcome == "failed").then_some(stage)
    }

    /// Whether one of its calls was refused because of its address.
    #[must_use]
    pub(crate) fn is_refused(&self) -> bool {
        let reasons = self.then.iter().map(|next| next.reason);
        let mut reasons = std::iter::once(self.reason).chain(reasons);
        reasons.any(|reason| reason == Some("forbidden_address"))
    }

    /// Whether no visit failed and the assignment was accepted.
    #[must_use]
    pub(crate) fn is_success(&self) -> bool {
        matches!(self.outcome, "succeeded" | "skipped" | "already_passed")
            && self.then.iter().all(|next| next.outcome != "failed")
    }
}

impl Next {
    fn of(workflow: &Workflow, delivery: &DeliveryState) -> Self {
        let name = |id| {
            workflow
                .stage(id)
                .map_or_else(|| id.to_string(), |s| s.name.clone())
        };
        Self {
            stage: name(delivery.stage_id),
            outcome: delivery.outcome.unwrap_or(Outcome::Failed).as_str(),
            attempts: delivery.attempts.len(),
            calls: delivery.calls(),
            status: delivery.last_status(),
            reason: delivery.reason.map(delivery::Reason::code),
            moved_to: delivery.moved_to.map(name),
        }
    }
}

/// All finished deliveries of a file, oldest first.
///
/// # Errors
/// [`PortError`] when the state cannot be read.
pub(crate) async fn deliveries(
    lists: &impl Lists,
    state: &FileState,
) -> Result<Vec<DeliveryState>, PortError> {
    let past = lists.visits(&state.key).await?;
    let current = state.delivery.as_ref();
    let mut all: Vec<DeliveryState> = past
        .into_iter()
        .filter_map(|visit| visit.delivery)
        .filter(|past| current.is_none_or(|current| current.delivery_id != past.delivery_id))
        .chain(current.cloned().filter(|current| current.outcome.is_some()))
        .collect();
    all.sort_by_key(|delivery| delivery.sequence);
    Ok(all)
}

/// The row of the visit `delivery_id`, with the visits that followed without a person.
#[must_use]
pub(crate) fn row_of(
    workflow: &Workflow,
    key: &FileKey,
    name: &str,
    deliveries: &[DeliveryState],
    delivery_id: Uuid,
) -> Option<Row> {
    let at = deliveries
        .iter()
        .position(|delivery| delivery.delivery_id == delivery_id)?;
    let mut row = Row::delivered(workflow, key, name, &deliveries[at]);
    let follows = |delivery: &&DeliveryState| {
        matches!(delivery.assigned_by, workflow::Actor::Workflow { .. })
    };
    row.then = deliveries[at + 1..]
        .iter()
        .take_while(follows)
        .map(|delivery| Next::of(workflow, delivery))
        .collect();
    Some(row)
}

/// A count in words for people: `1 file`, `2 files`.
#[must_use]
pub(crate) fn counted(count: usize, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

/// `1 file waits`, `3 files wait`.
pub(crate) fn files_wait(files: u64) -> String {
    let files = usize::try_from(files).unwrap_or(usize::MAX);
    let verb = if files == 1 { "waits" } else { "wait" };
    format!("{} {verb}", counted(files, "file"))
}

/// A time as people say it, in its largest unit, rounded down: `5 h`.
pub(crate) fn rounded(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3600),
    }
}

/// Prints the rows as JSON lines or as a table.
///
/// # Errors
/// When standard output cannot be written to.
pub(crate) fn print(rows: &[Row], json: bool) -> io::Result<()> {
    if json {
        print_json(rows)
    } else {
        print_table(rows)
    }
}

/// Prints one JSON object per line.
///
/// # Errors
/// When standard output cannot be written to.
pub(crate) fn print_json(rows: &[impl Serialize]) -> io::Result<()> {
    output(|out| {
        for row in rows {
            serde_json::to_writer(&mut *out, row)?;
            writeln!(out)?;
        }
        Ok(())
    })
}

/// Prints a table: failures first, and no more rows than a person would read.
///
/// # Errors
/// When standard output cannot be written to.
pub(crate) fn print_table(rows: &[Row]) -> io::Result<()> {
    let mut cells = Vec::new();
    for row in rows {
        cells.push((row.is_success(), line(row)));
        for next in &row.then {
            cells.push((row.is_success(), line_after(row, next)));
        }
    }
    let hidden = cells.len().saturating_sub(MAX_ROWS);
    if hidden > 0 {
        cells.sort_by_key(|(success, _)| *success);
        cells.truncate(MAX_ROWS);
    }
    let header = ["FILE", "STAGE", "OUTCOME", "CALLS", "WENT TO", "WHY"].map(str::to_owned);
    let lines: Vec<[String; 6]> = std::iter::once(header)
        .chain(cells.into_iter().map(|(_, cells)| cells))
        .collect();
    output(|out| {
        write_columns(out, &lines)?;
        if hidden > 0 {
            writeln!(out, "… and {hidden} more, all in --json")?;
        }
        Ok(())
    })
}

fn line(row: &Row) -> [String; 6] {
    [
        row.name.clone(),
        row.stage.clone(),
        row.outcome.replace('_', " "),
        if row.calls == 0 {
            "-".to_owned()
        } else {
            row.calls.to_string()
        },
        row.moved_to.clone().unwrap_or_else(|| "stays".to_owned()),
        why(row.status, row.reason, row.explained),
    ]
}

fn line_after(row: &Row, next: &Next) -> [String; 6] {
    [
        format!("  {}", row.name),
        next.stage.clone(),
        next.outcome.to_owned(),
        next.calls.to_string(),
        next.moved_to.clone().unwrap_or_else(|| "stays".to_owned()),
        why(next.status, next.reason, None),
    ]
}

fn why(status: Option<u16>, reason: Option<&str>, explained: Option<&str>) -> String {
    match (status, reason) {
        (_, None) => String::new(),
        (Some(status), Some("http_status")) => format!("HTTP {status}"),
        (_, Some(code)) => match explained {
            Some(explained) => format!("{code}: {explained}"),
            None => code.to_owned(),
        },
    }
}
