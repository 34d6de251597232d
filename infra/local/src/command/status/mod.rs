pub(super) mod item;

use std::io::Write;

use delivery::ports::{FileStates, Listing, Lists, Workflows};
use delivery::{FileKey, FileState, Outcome};
use embedded::Engine;
use serde::Serialize;
use uuid::Uuid;
use workflow::{Stage, StageLookupError, Workflow};

use self::item::item;
use crate::backend::open;
use crate::backend::store::Store;
use crate::backend::workflows::{no_such_stage, workflows};
use crate::cli::StatusArgs;
use crate::command::SUCCESS;
use crate::command::parked;
use crate::error::Error;
use crate::terminal::output::{output, say};
use crate::terminal::report::{print_json, write_columns};

/// One file at rest.
#[derive(Debug, Serialize)]
pub(super) struct Resting {
    item_id: Uuid,
    name: String,
    stage: String,
    state: &'static str,
    webhook: Option<String>,
    outcome: Option<&'static str>,
    attempts: usize,
    status: Option<u16>,
    reason: Option<&'static str>,
}

pub(super) async fn status(args: &StatusArgs) -> Result<u8, Error> {
    let engine = open::directory(&args.target)?;
    if let Some(item_id) = args.item {
        return of_item(&engine, item_id, args.json).await;
    }
    let mut rows = Vec::new();
    let mut is_known = false;
    let mut all = workflows(&engine).await?;
    if let Some(id) = args.within.workflow {
        all.retain(|workflow| workflow.id == id);
        if all.is_empty() {
            return Err(Error::Usage(format!(
                "--workflow {id}: the state directory does not have it"
            )));
        }
    }
    for workflow in &all {
        let stages: Vec<&Stage> = match &args.stage {
            None => workflow.stages.iter().collect(),
            Some(wanted) => match workflow.find_stage(wanted) {
                Ok(stage) => vec![stage],
                Err(StageLookupError::Unknown { .. }) => Vec::new(),
                Err(several) => return Err(several.into()),
            },
        };
        is_known |= !stages.is_empty();
        for stage in stages
            .into_iter()
            .filter(|stage| !args.failed || stage.webhook.is_some())
        {
            let listing = Listing {
                stage_id: stage.id,
                failed: args.failed,
            };
            rows.extend(list(&engine, workflow, listing).await?);
        }
    }
    if let (Some(wanted), false) = (&args.stage, is_known) {
        return Err(no_such_stage(wanted, &all));
    }
    if args.json {
        print_json(&rows)?;
    } else {
        print(&rows, args.failed)?;
        let counts = engine.counts().await?;
        let moving: u64 = ["assigned", "queued", "sending"]
            .iter()
            .filter_map(|status| counts.get(*status))
            .sum();
        if moving > 0 {
            say!(
                "{moving} files are on their way: give the same `webhook-stage run` again to continue"
            );
        }
    }
    let letters = engine.letters(parked::LIMIT).await?;
    parked::print(&parked::without_record(&engine, letters).await?, args.json)?;
    Ok(SUCCESS)
}

/// The file with this id, of any team of the state directory: preferably one with a record, or else one
/// whose assignment was rejected.
async fn of_item(engine: &Engine, item_id: Uuid, json: bool) -> Result<u8, Error> {
    let mut teams: Vec<String> = Vec::new();
    for (team, _) in engine.workflows().await? {
        if !teams.contains(&team) {
            teams.push(team);
        }
    }
    let mut meant = None;
    for team in teams {
        let key = FileKey { team, item_id };
        if let Some(state) = engine.get(&key).await? {
            let workflow = engine.workflow(&key.team, state.workflow_id).await?;
            return item(engine, workflow.as_deref(), &key, json).await;
        }
        if meant.is_none() || !engine.rejections(&key).await?.is_empty() {
            meant = Some(key);
        }
    }
    match meant {
        Some(key) => item(engine, None, &key, json).await,
        None => Err(Error::Usage(
            "the state directory holds no workflow".to_owned(),
        )),
    }
}

pub(super) async fn list(
    store: &impl Store,
    workflow: &Workflow,
    listing: Listing,
) -> Result<Vec<Resting>, Error> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let page = store.at_rest(listing, after.as_deref(), 1000).await?;
        // A copy of a workflow has the same stage ids.
        let here = page.rows.iter();
        for state in here.filter(|state| state.workflow_id == workflow.id) {
            let name = store.name(&state.key).await?;
            rows.push(resting(workflow, state, name));
        }
        after = page.next;
        if after.is_none() {
            return Ok(rows);
        }
    }
}

fn resting(workflow: &Workflow, state: &FileState, name: String) -> Resting {
    let stage = |id: Uuid| {
        workflow
            .stage(id)
            .map_or_else(|| id.to_string(), |s| s.name.clone())
    };
    let delivery = state.delivery.as_ref();
    Resting {
        item_id: state.key.item_id,
        name,
        stage: stage(state.visit.stage_id),
        state: if state.status == delivery::Status::Complete {
            "complete"
        } else {
            "waiting"
        },
        webhook: delivery.map(|delivery| stage(delivery.stage_id)),
        outcome: delivery
            .and_then(|delivery| delivery.outcome)
            .map(|outcome| match outcome {
                Outcome::Succeeded => "succeeded",
                Outcome::Failed => "failed",
            }),
        attempts: delivery.map_or(0, |delivery| delivery.attempts.len()),
        status: delivery.and_then(delivery::DeliveryState::last_status),
        reason: delivery
            .and_then(|delivery| delivery.reason)
            .map(delivery::Reason::code),
    }
}

pub(super) fn print(rows: &[Resting], failed: bool) -> Result<(), Error> {
    if rows.is_empty() {
        let what = if failed {
            "no file's last webhook failed"
        } else {
            "no file is at rest"
        };
        return Ok(output(|out| writeln!(out, "{what}"))?);
    }
    let header = ["STAGE", "FILE", "LAST WEBHOOK", "OUTCOME", "CALLS", "WHY"].map(str::to_owned);
    let mut lines = vec![header];
    lines.extend(rows.iter().map(|row| {
        [
            row.stage.clone(),
            row.name.clone(),
            row.webhook.clone().unwrap_or_else(|| "-".to_owned()),
            row.outcome.unwrap_or("-").to_owned(),
            row.attempts.to_string(),
            match (row.status, row.reason) {
                (Some(status), Some("http_status")) => format!("HTTP {status}"),
                (_, reason) => reason.unwrap_or_default().to_owned(),
            },
        ]
    }));
    Ok(output(|out| write_columns(out, &lines))?)
}
