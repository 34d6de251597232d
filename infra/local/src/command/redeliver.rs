use std::sync::Arc;
use std::time::Duration;

use aws::Admin;
use delivery::ports::{Listing, Outgoing, SendMessages};
use delivery::{Assignment, FileState};
use embedded::Engine;
use uuid::Uuid;
use workflow::{Role, Stage, Workflow};

use super::assign::{send, wait_and_print};
use super::wait::outcome;
use super::{ERROR, INTERRUPTED, SOME_FAILED, SUCCESS, on_deployment};
use crate::assignment::again;
use crate::cli::RedeliverArgs;
use crate::error::Error;
use crate::progress::Progress;
use crate::report::{self, Row};
use crate::store::Store;
use crate::stored::workflows;
use crate::target;
use crate::work::until_at_rest;

/// `webhook-stage redeliver`.
///
/// # Errors
/// [`Error`] when the state directory, the stage or an item is not there.
pub async fn redeliver(args: &RedeliverArgs) -> Result<u8, Error> {
    if args.target.aws {
        let admin = target::deployment(&args.target.stack).await?;
        return on_aws(&admin, args).await.map_err(on_deployment);
    }
    let engine = target::directory(&args.target)?;
    let (workflow, stage) = find(&engine, &args.stage).await?;
    let teams = teams_of(&engine, &workflow).await?;
    let chosen = choose(&engine, &teams, &stage, &args.item).await?;
    if chosen.is_empty() {
        say_nothing_to_do(&stage);
        return Ok(SUCCESS);
    }
    let progress = Arc::new(Progress::new(u64::try_from(chosen.len()).unwrap_or(0)));
    let assignments: Vec<Assignment> = chosen
        .iter()
        .map(|state| again(workflow.id, stage.id, &state.key, Role::Admin))
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
        let name = engine.name(&assignment.key()).await?;
        rows.extend(outcome(&engine, &workflow, &stage, assignment, &name).await?);
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

/// On a deployment its own functions do the work.
async fn on_aws(admin: &Admin, args: &RedeliverArgs) -> Result<u8, Error> {
    let (team, workflow) = target::within(admin, &args.within).await?;
    let stage = workflow.find_stage(&args.stage)?;
    if stage.webhook.is_none() {
        return Err(no_webhook_stage(stage));
    }
    let chosen = choose(admin.table(), &[team], stage, &args.item).await?;
    if chosen.is_empty() {
        say_nothing_to_do(stage);
        return Ok(SUCCESS);
    }
    let assignments: Vec<(Assignment, String)> = chosen
        .iter()
        .map(|state| {
            let assignment = again(workflow.id, stage.id, &state.key, Role::Admin);
            (assignment, state.key.item_id.to_string())
        })
        .collect();
    send(admin, &assignments).await?;
    let files = report::counted(assignments.len(), "file");
    eprintln!("{files} sent again");
    if !args.wait {
        return Ok(SUCCESS);
    }
    wait_and_print(admin, &workflow, stage, &assignments, args.json).await
}

fn say_nothing_to_do(stage: &Stage) {
    eprintln!(
        "no file's last webhook at \"{}\" failed: there is nothing to send again",
        stage.name
    );
}

fn no_webhook_stage(stage: &Stage) -> Error {
    Error::Usage(format!("--stage: \"{}\" is no Webhook stage", stage.name))
}

async fn teams_of(engine: &Engine, workflow: &Workflow) -> Result<Vec<String>, Error> {
    let known = engine.workflows().await?.into_iter();
    let known = known.filter(|(_, id)| *id == workflow.id);
    Ok(known.map(|(team, _)| team).collect())
}

async fn find(engine: &Engine, wanted: &str) -> Result<(Arc<Workflow>, Stage), Error> {
    let mut error = None;
    for workflow in workflows(engine).await? {
        match workflow.find_stage(wanted) {
            Ok(stage) if stage.webhook.is_some() => {
                let stage = stage.clone();
                return Ok((workflow, stage));
            }
            Ok(stage) => error = Some(no_webhook_stage(stage)),
            Err(lookup) => error = error.or(Some(lookup.into())),
        }
    }
    Err(error.unwrap_or_else(|| Error::Usage("the state directory holds no workflow".to_owned())))
}

/// The files whose last webhook failed here, or the items named, whatever became of them.
async fn choose(
    store: &impl Store,
    teams: &[String],
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
            let page = store.at_rest(listing, after.as_deref(), 1000).await?;
            chosen.extend(page.rows);
            after = page.next;
            if after.is_none() {
                return Ok(chosen);
            }
        }
    }
    for item in items {
        let mut found = None;
        for team in teams {
            let key = delivery::FileKey {
                team: team.clone(),
                item_id: *item,
            };
            found = found.or(store.get(&key).await?);
        }
        match found {
            None => {
                return Err(Error::Usage(format!(
                    "--item {item}: there is no such file"
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
