use std::sync::Arc;
use std::time::Duration;

use delivery::machine::visit_id_of;
use delivery::ports::{FileStates, Listing, Lists, Outgoing, SendMessages};
use delivery::{Assignment, FileState};
use embedded::{Engine, Options};
use uuid::Uuid;
use workflow::{Actor, Role, Stage, Workflow};

use super::{ERROR, INTERRUPTED, SOME_FAILED, SUCCESS};
use crate::cli::RedeliverArgs;
use crate::error::Error;
use crate::progress::Progress;
use crate::report::{self, Row};
use crate::stored::workflows;
use crate::work::until_at_rest;

/// `webhook-stage redeliver`.
///
/// # Errors
/// [`Error`] when the state directory, the stage or an item is not there.
pub async fn redeliver(args: &RedeliverArgs) -> Result<u8, Error> {
    if !args.state.join("webhook-stage.db").exists() {
        return Err(Error::Usage(format!(
            "--state {}: there is no state directory",
            args.state.display()
        )));
    }
    let engine = Engine::open(&args.state, Options::default())?;
    let (workflow, stage) = find(&engine, &args.stage).await?;
    let chosen = choose(&engine, &workflow, &stage, &args.item).await?;
    if chosen.is_empty() {
        eprintln!(
            "no file's last webhook at \"{}\" failed: there is nothing to send again",
            stage.name
        );
        return Ok(SUCCESS);
    }
    let progress = Arc::new(Progress::new(u64::try_from(chosen.len()).unwrap_or(0)));
    let assignments: Vec<Assignment> = chosen
        .iter()
        .map(|state| assignment(&workflow, &stage, state))
        .collect();
    for batch in assignments.chunks(500) {
        let batch = batch.iter().cloned();
        let messages = batch
            .map(|message| Outgoing {
                message,
                delay: Duration::ZERO,
            })
            .collect();
        for result in engine.send(messages).await {
            result?;
        }
    }
    let finished = until_at_rest(&engine, &args.calls, Arc::clone(&progress)).await?;
    progress.finish();
    let mut rows = Vec::new();
    for assignment in &assignments {
        rows.extend(row(&engine, &workflow, &stage, assignment).await?);
    }
    if args.json {
        report::print_json(&rows)?;
    } else {
        report::print_table(&rows)?;
    }
    Ok(match finished {
        false => INTERRUPTED,
        true if rows.len() < assignments.len() => ERROR,
        true if rows.iter().all(Row::is_success) => SUCCESS,
        true => SOME_FAILED,
    })
}

async fn find(engine: &Engine, wanted: &str) -> Result<(Arc<Workflow>, Stage), Error> {
    let mut error = None;
    for workflow in workflows(engine).await? {
        match workflow.find_stage(wanted) {
            Ok(stage) if stage.webhook.is_some() => {
                let stage = stage.clone();
                return Ok((workflow, stage));
            }
            Ok(stage) => {
                let what = format!("--stage: \"{}\" is no Webhook stage", stage.name);
                error = Some(Error::Usage(what));
            }
            Err(lookup) => error = error.or(Some(lookup.into())),
        }
    }
    Err(error.unwrap_or_else(|| Error::Usage("the state directory holds no workflow".to_owned())))
}

/// The files whose last webhook failed here, or the items named, whatever became of them.
async fn choose(
    engine: &Engine,
    workflow: &Workflow,
    stage: &Stage,
    items: &[Uuid],
) -> Result<Vec<FileState>, Error> {
    let mut chosen = Vec::new();
    if items.is_empty() {
        let listing = Listing {
            stage_id: stage.id,
            failed: true,
        };
        let mut after = None;
        loop {
            let page = engine.at_rest(listing, after.as_deref(), 1000).await?;
            chosen.extend(page.rows);
            after = page.next;
            if after.is_none() {
                return Ok(chosen);
            }
        }
    }
    let teams: Vec<String> = engine
        .workflows()
        .await?
        .into_iter()
        .filter(|(_, id)| *id == workflow.id)
        .map(|(team, _)| team)
        .collect();
    for item in items {
        let mut found = None;
        for team in &teams {
            let key = delivery::FileKey {
                team: team.clone(),
                item_id: *item,
            };
            found = found.or(engine.get(&key).await?);
        }
        match found {
            None => {
                return Err(Error::Usage(format!(
                    "--item {item}: the state directory has no such file"
                )));
            }
            Some(state) if !state.status.is_at_rest() => {
                return Err(Error::Usage(format!(
                    "--item {item}: the file is on its way; it can be sent again when it is at rest"
                )));
            }
            Some(state) => chosen.push(state),
        }
    }
    Ok(chosen)
}

fn assignment(workflow: &Workflow, stage: &Stage, state: &FileState) -> Assignment {
    Assignment {
        assignment_id: Uuid::new_v4(),
        team: state.key.team.clone(),
        workflow_id: workflow.id,
        stage_id: stage.id,
        item_id: state.key.item_id,
        assigned_by: Actor::User {
            id: None,
            role: Role::Admin,
        },
        document: None,
    }
}

async fn row(
    engine: &Engine,
    workflow: &Workflow,
    stage: &Stage,
    assignment: &Assignment,
) -> Result<Option<Row>, Error> {
    let key = assignment.key();
    let name = engine
        .item(&key)
        .await?
        .map_or_else(|| key.item_id.to_string(), |item| item.name);
    let Some(state) = engine.get(&key).await? else {
        return Ok(None);
    };
    let deliveries = report::deliveries(engine, &state).await?;
    let id = visit_id_of(assignment);
    if let Some(row) = report::row_of(workflow, &key, &name, &deliveries, id) {
        return Ok(Some(row));
    }
    let rejections = engine.rejections(&key).await?;
    let own = rejections
        .iter()
        .rev()
        .find(|r| r.assignment_id == assignment.assignment_id);
    Ok(own.map(|rejection| Row::rejected(&key, &name, &stage.name, rejection.reason)))
}
