use std::io::{self, Write};
use std::time::{Duration, SystemTime};

use delivery::ports::{FileStates, Lists, Operator};
use delivery::{
    AttemptRecord, DeliveryState, FileKey, FileState, Rejection, Status, Timestamp, TraceId,
};
use serde::Serialize;
use workflow::Workflow;

use crate::command::SUCCESS;
use crate::error::Error;
use crate::terminal::columns::{shortened, write_columns};
use crate::terminal::output::{output, shown};
use crate::terminal::report::{self, Row};

/// All that is known about one file.
#[derive(Debug, Serialize)]
struct Known {
    #[serde(flatten)]
    state: FileState,
    visits: Vec<Delivered>,
    failed_attempts: Vec<AttemptRecord>,
    rejections: Vec<Rejection>,
}

/// A delivery with the trace of its calls, which the record has only if it did not begin with the delivery.
#[derive(Debug, Serialize)]
struct Delivered {
    #[serde(flatten)]
    delivery: DeliveryState,
    trace_id: TraceId,
}

impl From<DeliveryState> for Delivered {
    fn from(delivery: DeliveryState) -> Self {
        let trace_id = delivery.trace().id();
        Self { delivery, trace_id }
    }
}

/// Prints one file's state, visits, failed attempts and rejected assignments.
pub(super) async fn item(
    operator: &impl Operator,
    workflow: Option<&Workflow>,
    key: &FileKey,
    json: bool,
) -> Result<u8, Error> {
    let records = operator.records();
    let rejections = records.rejections(key).await?;
    let Some(state) = records.get(key).await? else {
        // When a file's first assignment is rejected, it has no record, only the rejection.
        let why = rejections.last().map(|last| last.reason.explain());
        return Err(Error::Usage(match why {
            Some(why) => format!("--item {}: its assignment was rejected: {why}", key.item_id),
            None => format!("--item {}: no such file", key.item_id),
        }));
    };
    let mut visits = report::deliveries(records, &state).await?;
    visits.extend(state.delivery.clone().filter(|d| d.outcome.is_none()));
    let known = Known {
        visits: visits.into_iter().map(Delivered::from).collect(),
        failed_attempts: records.attempts(key).await?,
        rejections,
        state,
    };
    if json {
        report::print_json(&[known])?;
    } else {
        print(&known, workflow, &operator.name(key).await?)?;
    }
    Ok(SUCCESS)
}

fn print(known: &Known, workflow: Option<&Workflow>, name: &str) -> Result<(), Error> {
    Ok(output(|out| write(out, known, workflow, name))?)
}

fn write(
    out: &mut impl Write,
    known: &Known,
    workflow: Option<&Workflow>,
    name: &str,
) -> io::Result<()> {
    let stage = |id| {
        workflow
            .and_then(|workflow| workflow.stage(id))
            .map_or_else(|| id.to_string(), |stage| stage.name.clone())
    };
    let at = stage(known.state.visit.stage_id);
    let doing = match known.state.status {
        Status::Waiting => "waits in",
        Status::Assigned => "has come to",
        Status::Queued => "is queued in",
        Status::Sending => "is being sent from",
        Status::Complete => "is complete in",
    };
    let since = known.state.updated_at;
    let (name, at) = (shortened(&shown(name)), shortened(&shown(&at)));
    let next = next_attempt(&known.state);
    writeln!(out, "{name} {doing} {at} since {since}{next}")?;
    let header = ["WEBHOOK", "OUTCOME", "CALLS", "WENT TO", "WHY"].map(str::to_owned);
    let visits = known.visits.iter().map(|visit| {
        let visit = &visit.delivery;
        let why = visit.reason.map_or("", delivery::Reason::code);
        [
            stage(visit.stage_id),
            Row::outcome_of(visit).to_owned(),
            visit.calls().to_string(),
            visit.moved_to.map_or_else(|| "-".to_owned(), stage),
            why.to_owned(),
        ]
    });
    let lines: Vec<_> = std::iter::once(header).chain(visits).collect();
    writeln!(out)?;
    write_columns(out, &lines)?;
    if let Some(last) = known.visits.last() {
        writeln!(out, "\ntrace of the last one's calls: {}", last.trace_id)?;
    }
    if !known.failed_attempts.is_empty() {
        let header = ["FAILED ATTEMPT", "AT", "STATUS", "REASON", "MS", "ANSWER"];
        let attempts = known.failed_attempts.iter().map(|record| {
            let summary = &record.summary;
            [
                summary.attempt.to_string(),
                summary.at.to_string(),
                summary
                    .status
                    .map_or_else(|| "-".to_owned(), |s| s.to_string()),
                summary.reason.map_or("", delivery::Reason::code).to_owned(),
                summary.duration_ms.to_string(),
                one_line(record),
            ]
        });
        let header = std::iter::once(header.map(str::to_owned));
        writeln!(out)?;
        write_columns(out, &header.chain(attempts).collect::<Vec<_>>())?;
    }
    for rejection in &known.rejections {
        let (at, why) = (rejection.at, rejection.reason.explain());
        writeln!(out, "\nrejected at {at}: {why}")?;
    }
    Ok(())
}

/// When the next attempt is due, and in how long.
fn next_attempt(state: &FileState) -> String {
    let open = state.delivery.as_ref().filter(|d| d.outcome.is_none());
    let wait = open.map(|open| Timestamp::from(SystemTime::now()).until(open.next_at));
    match (open, wait, state.status) {
        (Some(open), Some(wait), Status::Queued) if wait >= Duration::from_secs(1) => {
            let (attempt, at) = (open.attempt, open.next_at);
            format!(
                "; attempt {attempt} is due in {}, at {at}",
                report::rounded(wait)
            )
        }
        _ => String::new(),
    }
}

fn one_line(record: &AttemptRecord) -> String {
    let text = record.detail.as_deref().unwrap_or(&record.response_excerpt);
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(80) {
        line.truncate(end);
        line.push('…');
    }
    line
}
