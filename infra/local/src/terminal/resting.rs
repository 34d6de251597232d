//! Prints the files at rest, by stage.

use std::io::{self, Write};

use serde::Serialize;
use uuid::Uuid;

use crate::terminal::columns::write_columns;
use crate::terminal::output::output;

/// One file at rest.
#[derive(Debug, Serialize)]
pub(crate) struct Resting {
    pub(crate) item_id: Uuid,
    pub(crate) name: String,
    pub(crate) stage: String,
    pub(crate) state: &'static str,
    pub(crate) webhook: Option<String>,
    pub(crate) outcome: Option<String>,
    pub(crate) attempts: usize,
    #[serde(skip)]
    pub(crate) calls: usize,
    pub(crate) status: Option<u16>,
    pub(crate) reason: Option<String>,
}

/// Prints a table.
pub(crate) fn print(rows: &[Resting], failed: bool) -> io::Result<()> {
    if rows.is_empty() {
        let what = if failed {
            "no file's last webhook failed"
        } else {
            "no file is at rest"
        };
        return output(|out| writeln!(out, "{what}"));
    }
    let header = ["STAGE", "FILE", "LAST WEBHOOK", "OUTCOME", "CALLS", "WHY"].map(str::to_owned);
    let mut lines = vec![header];
    lines.extend(rows.iter().map(|row| {
        [
            row.stage.clone(),
            row.name.clone(),
            row.webhook.clone().unwrap_or_else(|| "-".to_owned()),
            row.outcome.clone().unwrap_or_else(|| "-".to_owned()),
            row.calls.to_string(),
            match (row.status, row.reason.as_deref()) {
                (Some(status), Some("http_status")) => format!("HTTP {status}"),
                (_, reason) => reason.unwrap_or_default().to_owned(),
            },
        ]
    }));
    output(|out| write_columns(out, &lines))
}
