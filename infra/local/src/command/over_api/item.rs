//! All that the API knows of one file.

use std::io::{self, Write};

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::backend::remote::Remote;
use crate::command::SUCCESS;
use crate::error::Error;
use crate::terminal::columns::{shortened, write_columns};
use crate::terminal::output::{output, shown};
use crate::terminal::report::print_json;

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct Visits {
    visits: Vec<Visit>,
    rejections: Vec<Rejected>,
}

#[derive(Deserialize)]
struct Visit {
    stage: VisitedStage,
    entered_at: String,
    entered_by: EnteredBy,
    outcome: Option<String>,
    reason: Option<String>,
    attempts: Vec<Attempt>,
}

#[derive(Deserialize)]
struct VisitedStage {
    id: Uuid,
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Deserialize)]
struct EnteredBy {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Deserialize)]
struct Attempt {
    attempt: u32,
    at: String,
    status: Option<u16>,
    reason: Option<String>,
    duration_ms: u32,
    detail: Option<String>,
    response_excerpt: Option<String>,
}

#[derive(Deserialize)]
struct Rejected {
    at: String,
    message: String,
}

impl VisitedStage {
    fn shown(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.id.to_string())
    }
}

/// Prints a file's visits, failed attempts and rejected assignments.
pub(super) async fn print(remote: &Remote, id: Uuid, json: bool) -> Result<u8, Error> {
    let missing = || {
        Error::Usage(format!(
            "--item {id}: the team {} has no such file",
            remote.team()
        ))
    };
    if json {
        let visits: Option<Value> = remote.find(&format!("items/{id}/visits")).await?;
        print_json(&[visits.ok_or_else(missing)?])?;
        return Ok(SUCCESS);
    }
    let item: Option<Named> = remote.find(&format!("items/{id}")).await?;
    let item = item.ok_or_else(missing)?;
    let visits: Visits = remote.get(&format!("items/{id}/visits")).await?;
    output(|out| write(out, &item.name, &visits))?;
    Ok(SUCCESS)
}

fn write(out: &mut impl Write, name: &str, all: &Visits) -> io::Result<()> {
    let name = shortened(&shown(name));
    match all.visits.last() {
        None => writeln!(out, "{name} is in its Dataset")?,
        Some(now) => {
            let stage = shortened(&shown(&now.stage.shown()));
            writeln!(out, "{name} is in {stage} since {}", shown(&now.entered_at))?;
        }
    }
    let mut lines = vec![["WEBHOOK", "OUTCOME", "ATTEMPTS", "WENT TO", "WHY"].map(str::to_owned)];
    for (at, visit) in all.visits.iter().enumerate() {
        if visit.stage.kind.as_deref() != Some("webhook") {
            continue;
        }
        let next = all.visits.get(at + 1);
        let next = next.filter(|next| next.entered_by.kind == "workflow");
        lines.push([
            visit.stage.shown(),
            visit
                .outcome
                .clone()
                .unwrap_or_else(|| "under way".to_owned()),
            visit.attempts.len().to_string(),
            next.map_or_else(|| "-".to_owned(), |next| next.stage.shown()),
            visit.reason.clone().unwrap_or_default(),
        ]);
    }
    writeln!(out)?;
    write_columns(out, &lines)?;
    let attempts = all.visits.iter().flat_map(|visit| &visit.attempts);
    let failed = attempts.filter_map(|attempt| Some((attempt, attempt.reason.as_ref()?)));
    let failed: Vec<_> = failed
        .map(|(attempt, reason)| line(attempt, reason))
        .collect();
    if !failed.is_empty() {
        let header =
            ["FAILED ATTEMPT", "AT", "STATUS", "REASON", "MS", "ANSWER"].map(str::to_owned);
        writeln!(out)?;
        write_columns(out, &[vec![header], failed].concat())?;
    }
    for Rejected { at, message } in &all.rejections {
        writeln!(out, "\nrejected at {}: {}", shown(at), shown(message))?;
    }
    Ok(())
}

fn line(attempt: &Attempt, reason: &str) -> [String; 6] {
    let status = attempt.status.map(|status| status.to_string());
    let answer = attempt
        .detail
        .as_ref()
        .or(attempt.response_excerpt.as_ref());
    let answer = answer.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "));
    [
        attempt.attempt.to_string(),
        attempt.at.clone(),
        status.unwrap_or_else(|| "-".to_owned()),
        reason.to_owned(),
        attempt.duration_ms.to_string(),
        shortened(&answer.unwrap_or_default()),
    ]
}
