use std::io::Write;

use uuid::Uuid;

use super::{SUCCESS, deployment};
use crate::backend::open;
use crate::cli::{GetArgs, PutArgs, WorkflowCommand};
use crate::error::Error;
use crate::intake::workflow_file::{Configured, configured};
use crate::terminal::output::{output, say};
use delivery::ports::Workflows;

/// Runs `webhook-stage workflow`.
///
/// # Errors
/// [`Error`] when the workflow does not exist or cannot run, or the store fails.
pub(crate) async fn workflow(command: &WorkflowCommand) -> Result<u8, Error> {
    match command {
        WorkflowCommand::Put(args) => put(args).await,
        WorkflowCommand::Get(args) => get(args).await,
    }
}

async fn put(args: &PutArgs) -> Result<u8, Error> {
    let Configured {
        workflow, secrets, ..
    } = configured(&args.file, &args.overrides)?;
    let mut teams: Vec<String> = args.team.iter().cloned().collect();
    if args.target.aws {
        deployment::put_workflow(args, &workflow, &secrets).await?;
    } else {
        let engine = open::directory(&args.target)?;
        let known = engine.workflows().await?.into_iter();
        if teams.is_empty() {
            teams.extend(
                known
                    .filter(|(_, id)| *id == workflow.id)
                    .map(|found| found.0),
            );
        }
        if teams.is_empty() {
            return Err(unknown(workflow.id, "name a team with --team"));
        }
        for team in &teams {
            engine.store_secrets(team, secrets.clone()).await?;
            engine.store_workflow(team, &workflow).await?;
        }
    }
    say!(
        "stored for {}: \"{}\", with the secrets of {} stages stored separately",
        teams.join(", "),
        workflow.name,
        secrets.len()
    );
    output(|out| writeln!(out, "{}", workflow.id))?;
    Ok(SUCCESS)
}

async fn get(args: &GetArgs) -> Result<u8, Error> {
    let found = if args.target.aws {
        deployment::get_workflow(args).await?
    } else {
        let engine = open::directory(&args.target)?;
        let team = match &args.team {
            Some(team) => Some(team.clone()),
            None => {
                let known = engine.workflows().await?.into_iter();
                let mut known = known.filter(|(_, id)| *id == args.id);
                known.next().map(|(team, _)| team)
            }
        };
        let team = team.ok_or_else(|| unknown(args.id, "`status` names its stages"))?;
        let found = engine.workflow(&team, args.id).await?;
        found.ok_or_else(|| unknown(args.id, "its team has another"))?
    };
    output(|out| {
        out.write_all(&found.to_json())?;
        writeln!(out)
    })?;
    Ok(SUCCESS)
}

fn unknown(id: Uuid, hint: &str) -> Error {
    Error::Usage(format!(
        "workflow {id}: the state directory does not have it: {hint}"
    ))
}
