//! The stages that hold deliveries back, or whose calls take long.

use std::io::Write;

use delivery::control::{Lane, Outage, Pause, Phase, StageControl};
use delivery::ports::{Clock, PortError, SystemClock};
use delivery::{Reason, Timestamp};
use serde::Serialize;
use uuid::Uuid;

use crate::backend::Backend;
use crate::backend::stages::{Controlled, stages_of};
use crate::backend::workflows::{meant, teams_of};
use crate::cli::StatusArgs;
use crate::error::Error;
use crate::terminal::output::{output, shown};
use crate::terminal::report::{files_wait, print_json};

/// A stage that is not plainly closed. Times are in milliseconds since the Unix epoch, as in `status --item --json`.
#[derive(Debug, Serialize)]
struct Row {
    stage_control: String,
    team: String,
    workflow_id: Uuid,
    stage_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    breaker: Option<Breaker>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pause: Option<Pause>,
    lane: Lane,
    #[serde(skip_serializing_if = "Option::is_none")]
    files_waiting: Option<u64>,
    #[serde(skip)]
    lines: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Breaker {
    phase: &'static str,
    since: Timestamp,
    until: Timestamp,
    reason: &'static str,
    trips: u32,
}

/// Prints a line for each stage that is not plainly closed.
pub(super) async fn print(backend: &impl Backend, args: &StatusArgs) -> Result<(), Error> {
    let mut rows = Vec::new();
    for workflow in meant(backend, &args.within).await? {
        let wanted = match &args.stage {
            Some(wanted) => match workflow.find_stage(wanted) {
                Ok(stage) => Some(stage.id),
                Err(_) => continue,
            },
            None => None,
        };
        let is_wanted = |stage: &workflow::Stage| wanted.is_none_or(|id| id == stage.id);
        let teams = teams_of(backend, args.within.team.as_ref(), workflow.id).await?;
        for team in &teams {
            for stage in stages_of(backend, team, &workflow, is_wanted).await? {
                if !stage.control.is_plain() || stage.control.lane == Lane::Slow {
                    rows.push(row(backend, stage, teams.len() > 1).await?);
                }
            }
        }
    }
    if args.json {
        return Ok(print_json(&rows)?);
    }
    Ok(output(|out| {
        for line in rows.iter().flat_map(|row| &row.lines) {
            writeln!(out, "{}", shown(line))?;
        }
        Ok(())
    })?)
}

async fn row(
    backend: &impl Backend,
    stage: Controlled,
    names_team: bool,
) -> Result<Row, PortError> {
    // SQS counts messages by queue only, so on AWS this is not known.
    let waiting = match backend.here() {
        Some(directory) if !stage.control.is_plain() => {
            Some(directory.deliveries_of(&stage.key).await?)
        }
        _ => None,
    };
    let of = stage.of_team(names_team);
    let lines = lines(&stage, waiting, SystemClock.now());
    let lines = lines
        .iter()
        .map(|line| format!("stage \"{}\"{of}: {line}", stage.name));
    let lines = lines.collect();
    let Controlled { key, name, control } = stage;
    Ok(Row {
        stage_control: name,
        team: key.team,
        workflow_id: key.workflow_id,
        stage_id: key.stage_id,
        breaker: control.outage.as_ref().map(breaker),
        lane: control.lane,
        pause: control.pause,
        files_waiting: waiting,
        lines,
    })
}

fn breaker(outage: &Outage) -> Breaker {
    Breaker {
        phase: outage.phase.code(),
        since: outage.since,
        until: outage.until,
        reason: outage.reason.code(),
        trips: outage.trips,
    }
}

fn lines(stage: &Controlled, waiting: Option<u64>, now: Timestamp) -> Vec<String> {
    let control: &StageControl = &stage.control;
    let waiting = waiting.map_or_else(String::new, |files| format!("; {}", files_wait(files)));
    let mut lines = Vec::new();
    if let Some(pause) = &control.pause {
        lines.push(format!("paused {}{waiting}", stage.why_paused(pause)));
    }
    if let Some(outage) = &control.outage {
        let why = format!(
            "{} ({})",
            outage.reason.code(),
            Reason::explain(outage.reason)
        );
        let (since, until) = (outage.since, outage.until);
        lines.push(match outage.phase {
            Phase::Open if until <= now => format!(
                "circuit breaker open since {since}: {why}{waiting}; the next delivery that comes due makes a call as a probe"
            ),
            Phase::Open => format!(
                "circuit breaker open since {since} until {until}: {why}{waiting}; the first delivery after that makes a call as a probe"
            ),
            Phase::HalfOpen { .. } => format!(
                "circuit breaker half-open, open since {since}: {why}{waiting}; one call is made as a probe"
            ),
            Phase::Recovering => format!(
                "circuit breaker recovering until {until}, open since {since}: {why}{waiting}; the receiver answers again and gets a few calls a second"
            ),
        });
    }
    if control.lane == Lane::Slow {
        let since = control.lane_since;
        let since = since.map_or_else(String::new, |since| format!(" since {since}"));
        lines.push(format!(
            "in the slow lane{since}: its calls take long, and keep none of the others waiting"
        ));
    }
    lines
}
