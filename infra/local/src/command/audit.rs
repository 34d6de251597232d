use delivery::ports::{Receive, ScanSegment};
use delivery::usecase::{self, Audit, AuditSettings};
use serde::Serialize;
use uuid::Uuid;

use super::over_api::not_over_api;
use super::parked;
use super::settled::settled;
use super::work::{stopped, work};
use super::{SOME_FAILED, SUCCESS};
use crate::backend::remote::Remote;
use crate::backend::unfinished::{keys_of, under_way};
use crate::backend::{Backend, Operation};
use crate::cli::AuditArgs;
use crate::error::Error;
use crate::runner::drain::Drained;
use crate::terminal::columns::write_columns;
use crate::terminal::output::{output, say};
use crate::terminal::report::{counted, print_json};

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

impl Operation for AuditArgs {
    async fn over(&self, _remote: &Remote) -> Result<u8, Error> {
        Err(not_over_api("audit"))
    }

    async fn on(&self, backend: &impl Backend) -> Result<u8, Error> {
        let settings = AuditSettings {
            segment: ScanSegment::ALL,
            grace: self.grace,
            repair: self.repair,
        };
        let found = usecase::audit(backend, settings).await?;
        let letters = backend.parked(parked::LIMIT).await?;
        let letters = parked::without_record(backend.records(), letters).await?;
        print(&found, self.json)?;
        parked::print(&letters, self.json)?;
        let repaired = found.stuck.iter().all(|file| file.repaired);
        let code = if found.unreadable + found.newer == 0 && repaired && letters.is_empty() {
            SUCCESS
        } else {
            SOME_FAILED
        };
        match backend.here() {
            Some(directory) if self.repair && !directory.is_idle(&[]).await? => {
                let files = keys_of(under_way(directory).await?);
                if work(directory, &self.calls, files.len()).await? == Drained::Stopped {
                    return Ok(stopped());
                }
                let settled = settled(directory, files).await?;
                Ok(if settled == SUCCESS { code } else { settled })
            }
            _ => Ok(code),
        }
    }
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
    if found.newer > 0 {
        let records = found.newer;
        say!(
            "{records} records are a later version's: their files wait for an update of webhook-stage"
        );
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
