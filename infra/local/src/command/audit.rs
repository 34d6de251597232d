use delivery::ports::{ScanSegment, SystemClock};
use delivery::usecase::{self, Audit, AuditSettings};
use embedded::Engine;
use serde::Serialize;
use std::sync::Arc;
use uuid::Uuid;

use super::parked::{self, Parked};
use super::settled::settled;
use super::{INTERRUPTED, SOME_FAILED, SUCCESS};
use crate::backend::allowed_networks::allowed;
use crate::backend::open;
use crate::backend::unfinished::{keys_of, under_way};
use crate::cli::AuditArgs;
use crate::error::Error;
use crate::runner::drain::drain;
use crate::terminal::interrupt::say_stopped;
use crate::terminal::output::{output, say};
use crate::terminal::progress::Progress;
use crate::terminal::report::{counted, print_json, write_columns};

/// One stuck file.
#[derive(Debug, Serialize)]
struct Row {
    team: String,
    item_id: Uuid,
    stage_id: Uuid,
    status: delivery::Status,
    past_due_seconds: u64,
    repaired: bool,
}

pub(super) fn settings(args: &AuditArgs) -> AuditSettings {
    AuditSettings {
        segment: ScanSegment::ALL,
        grace: args.grace,
        repair: args.repair,
    }
}

pub(super) async fn audit(args: &AuditArgs, settings: AuditSettings) -> Result<u8, Error> {
    let engine = open::directory(&args.target)?;
    let found = usecase::audit(&Directory(&engine), settings).await?;
    let letters = parked::without_record(&engine, engine.letters(parked::LIMIT).await?).await?;
    let code = report(&found, &letters, args.json)?;
    if !args.repair || engine.is_idle().await? {
        return Ok(code);
    }
    let files = keys_of(under_way(&engine).await?);
    let calls = allowed(&engine, &args.calls)?;
    let progress = Arc::new(Progress::new(files.len().try_into().unwrap_or(0)));
    let finished = drain(&engine, &calls, Arc::clone(&progress)).await?;
    progress.finish();
    if !finished {
        say_stopped();
        return Ok(INTERRUPTED);
    }
    let settled = settled(&engine, files).await?;
    Ok(if settled == SUCCESS { code } else { settled })
}

/// Prints what was found, and returns the exit code.
pub(super) fn report(found: &Audit, letters: &[Parked], json: bool) -> Result<u8, Error> {
    print(found, json)?;
    parked::print(letters, json)?;
    let repaired = found.stuck.iter().all(|file| file.repaired);
    Ok(if found.unreadable == 0 && repaired && letters.is_empty() {
        SUCCESS
    } else {
        SOME_FAILED
    })
}

fn print(found: &Audit, json: bool) -> Result<(), Error> {
    let rows: Vec<Row> = found
        .stuck
        .iter()
        .map(|file| Row {
            team: file.key.team.clone(),
            item_id: file.key.item_id,
            stage_id: file.stage_id,
            status: file.status,
            past_due_seconds: file.past_due.as_secs(),
            repaired: file.repaired,
        })
        .collect();
    if json {
        print_json(&rows)?;
    } else if !rows.is_empty() {
        table(&rows)?;
    }
    let repaired = rows.iter().filter(|row| row.repaired).count();
    say!(
        "{} not at rest, the oldest {} s past due; {} stuck, {repaired} of them repaired",
        counted(
            usize::try_from(found.unfinished).unwrap_or(usize::MAX),
            "file"
        ),
        found.oldest.as_secs(),
        rows.len(),
    );
    if repaired < rows.len() {
        say!("to send the messages of the stuck files again, give the same command with --repair");
    }
    if found.unreadable > 0 {
        say!(
            "{} records cannot be read; give -v to log which",
            found.unreadable
        );
    }
    Ok(())
}

fn table(rows: &[Row]) -> Result<(), Error> {
    let header = ["TEAM", "ITEM", "STAGE", "PAST DUE", "REPAIRED"].map(str::to_owned);
    let lines = rows.iter().map(|row| {
        [
            row.team.clone(),
            row.item_id.to_string(),
            row.stage_id.to_string(),
            format!("{} s", row.past_due_seconds),
            if row.repaired { "yes" } else { "no" }.to_owned(),
        ]
    });
    let lines: Vec<_> = std::iter::once(header).chain(lines).collect();
    Ok(output(|out| write_columns(out, &lines))?)
}

/// Audits a state directory.
struct Directory<'a>(&'a Engine);

delivery::port_set! { impl AuditPorts for Directory<'_> as directory {
    Unfinished unfinished: Engine = directory.0;
    Assignments assignments: Engine = directory.0;
    Deliveries deliveries: Engine = directory.0;
    Clock clock: SystemClock = &SystemClock;
    Observer observer: () = &();
} }
