use std::collections::HashSet;

use delivery::FileKey;
use delivery::ports::Operator;

use super::visits::{Visit, assignments, send};
use super::wait::wait_and_print;
use super::{ERROR, SUCCESS, over_api};
use crate::backend::remote::Remote;
use crate::backend::workflows::{stage_of, stored};
use crate::backend::{Backend, Operation, perform_on_aws};
use crate::cli::AssignArgs;
use crate::error::Error;
use crate::intake::discover::discover;
use crate::intake::register::register;
use crate::terminal::output::say;
use crate::terminal::report;
use delivery::machine::first_assignment;

/// Runs `webhook-stage assign`.
///
/// # Errors
/// [`Error`] when the workflow or the stage does not exist, or the engine fails.
pub(crate) async fn assign(args: &AssignArgs) -> Result<u8, Error> {
    match Remote::of(&args.api).await? {
        Some(remote) => args.over(&remote).await,
        None => perform_on_aws(&args.stack, args).await,
    }
}

impl Operation for AssignArgs {
    async fn over(&self, remote: &Remote) -> Result<u8, Error> {
        over_api::assign(remote, self).await
    }

    async fn on(&self, backend: &impl Backend) -> Result<u8, Error> {
        on_deployment(backend, self).await
    }
}

/// Files that were assigned before an error stay assigned; giving the same command again assigns the rest.
async fn on_deployment(operator: &impl Operator, args: &AssignArgs) -> Result<u8, Error> {
    let team = args.team.clone().unwrap_or_default();
    let workflow = stored(operator, &team, args.workflow).await?;
    let stage = stage_of(&workflow, args.stage.as_deref())?;
    let mut files: Vec<(FileKey, String)> = Vec::new();
    let mut broken = 0;
    if !args.documents.is_empty() {
        let paths = discover(&args.documents)?;
        let registration = register(operator, &paths, Some(&team)).await?;
        broken = registration.broken;
        let registered = registration.files.into_iter();
        files.extend(registered.map(|file| (file.key, file.name)));
    }
    for item in &args.item {
        let key = FileKey {
            team: team.clone(),
            item_id: *item,
        };
        files.push((key, item.to_string()));
    }
    let mut seen = HashSet::new();
    let visits: Vec<Visit> = files
        .into_iter()
        .filter(|(key, _)| seen.insert(key.clone()))
        .map(|(key, name)| {
            let assignment = first_assignment(workflow.id, stage.id, &key, args.role);
            Visit::opened_by(assignment, name)
        })
        .collect();
    send(operator, &assignments(&visits)).await?;
    let files = report::counted(visits.len(), "file");
    say!("{files} assigned to \"{}\"", stage.name);
    let failed = if broken > 0 { ERROR } else { SUCCESS };
    if !args.wait {
        return Ok(failed);
    }
    let code = wait_and_print(operator, &workflow, stage, &visits, args.json).await?;
    Ok(if code == SUCCESS { failed } else { code })
}
