//! `watch`.

use std::collections::BTreeMap;
use std::io::{IsTerminal, Write, stdout};

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use workflow::Workflow;

use super::stages::standing;
use super::workflows;
use crate::backend::remote::Remote;
use crate::cli::{WatchArgs, WithinArgs};
use crate::command::SUCCESS;
use crate::error::Error;
use crate::terminal::columns::write_columns;
use crate::terminal::interrupt::interrupted;
use crate::terminal::output::{output, say};
use crate::terminal::report::{counted, print_json};

/// Moves the cursor to the top and clears the screen.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

#[derive(Default, Deserialize)]
struct Counts {
    total_item_count: u64,
    workflow_stages: BTreeMap<Uuid, u64>,
}

/// A stage, and how many files are in it.
#[derive(Serialize)]
struct Row {
    workflow: String,
    stage_id: Uuid,
    stage: String,
    #[serde(rename = "type")]
    kind: String,
    files: u64,
    /// How many more than at the last look.
    change: i64,
    /// How it stands, if it is a Webhook stage that is paused or in trouble.
    state: String,
}

/// All that one look shows.
#[derive(Serialize)]
struct Look {
    team: String,
    items: u64,
    /// Items that were never assigned to a stage.
    in_dataset: u64,
    stages: Vec<Row>,
}

/// Runs `webhook-stage watch`, until a person stops it.
///
/// # Errors
/// [`Error`] when the first look fails. Afterwards a failure is told, and the next look may do better.
pub(crate) async fn watch(args: &WatchArgs) -> Result<u8, Error> {
    let remote = Remote::connect(&args.api, &args.key_env).await?;
    let mut stop = std::pin::pin!(interrupted());
    let mut before = look(&remote, None).await?;
    print(&before, args)?;
    if args.once {
        return Ok(SUCCESS);
    }
    loop {
        tokio::select! {
            () = tokio::time::sleep(args.interval) => {}
            () = &mut stop => return Ok(SUCCESS),
        }
        match look(&remote, Some(&before)).await {
            Ok(now) => {
                print(&now, args)?;
                before = now;
            }
            Err(error) => error.lines().iter().for_each(|line| say!("{line}")),
        }
    }
}

async fn look(remote: &Remote, before: Option<&Look>) -> Result<Look, Error> {
    let all = workflows(remote, &WithinArgs::default()).await?;
    let counts: Counts = remote.get("items/general_counts").await?;
    let stages = all.iter().flat_map(|workflow| {
        let stages = workflow.stages.iter().map(|stage| stage.id);
        stages.map(|id| (&**workflow, id))
    });
    let stages: Vec<(&Workflow, Uuid)> = stages.collect();
    let mut standing = standing(remote, &stages).await?.into_iter().peekable();
    let mut rows = Vec::new();
    for (workflow, id) in &stages {
        let Some(stage) = workflow.stage(*id) else {
            continue;
        };
        let files = counts.workflow_stages.get(id).copied().unwrap_or_default();
        let same = before.and_then(|before| before.stages.iter().find(|row| row.stage_id == *id));
        let state = standing.next_if(|_| stage.webhook.is_some());
        rows.push(Row {
            workflow: workflow.name.clone(),
            stage_id: *id,
            stage: stage.name.clone(),
            kind: stage.kind.as_str().to_owned(),
            files,
            change: same.map_or(0, |same| files.cast_signed() - same.files.cast_signed()),
            state: state.map(|state| state.state.line()).unwrap_or_default(),
        });
    }
    let staged: u64 = counts.workflow_stages.values().sum();
    Ok(Look {
        team: remote.team().to_owned(),
        items: counts.total_item_count,
        in_dataset: counts.total_item_count.saturating_sub(staged),
        stages: rows,
    })
}

fn print(look: &Look, args: &WatchArgs) -> Result<(), Error> {
    if args.json {
        return Ok(print_json(&[look])?);
    }
    let header = ["WORKFLOW", "STAGE", "TYPE", "FILES", "CHANGE", "STATE"].map(str::to_owned);
    let mut lines = vec![header];
    lines.extend(look.stages.iter().map(|row| {
        [
            row.workflow.clone(),
            row.stage.clone(),
            row.kind.clone(),
            row.files.to_string(),
            match row.change {
                0 => String::new(),
                change => format!("{change:+}"),
            },
            row.state.clone(),
        ]
    }));
    let items = usize::try_from(look.items).unwrap_or(usize::MAX);
    let (items, team, new) = (counted(items, "file"), &look.team, look.in_dataset);
    Ok(output(|out| {
        if stdout().is_terminal() && !args.once {
            write!(out, "{CLEAR}")?;
        }
        writeln!(
            out,
            "{team} at {}: {items}, {new} in their Dataset",
            args.api
        )?;
        write_columns(out, &lines)?;
        writeln!(out)
    })?)
}
