use std::collections::HashSet;

use delivery::FileKey;
use delivery::ports::Operator;
use workflow::{Stage, Workflow};

use super::visits::{Visit, assignments, send};
use super::wait::wait_and_print;
use super::{ERROR, SUCCESS};
use crate::backend::workflows::stored;
use crate::backend::{Backend, Operation};
use crate::cli::AssignArgs;
use crate::error::Error;
use crate::intake::discover::discover;
use crate::intake::register::register;
use crate::terminal::output::say;
use crate::terminal::report;
use delivery::machine::first_assignment;

impl Operation for AssignArgs {
    async fn on(&self, backend: &impl Backend) -> Result<u8, Error> {
        assign(backend, self).await
    }
}

/// Files that were assigned before an error stay assigned; giving the same command again assigns the rest.
async fn assign(operator: &impl Operator, args: &AssignArgs) -> Result<u8, Error> {
    let workflow = stored(operator, &args.team, args.workflow).await?;
    let stage = stage(&workflow, args.stage.as_deref())?;
    let mut files: Vec<(FileKey, String)> = Vec::new();
    let mut broken = 0;
    if !args.documents.is_empty() {
        let paths = discover(&args.documents)?;
        let registration = register(operator, &paths, Some(&args.team)).await?;
        broken = registration.broken;
        let registered = registration.files.into_iter();
        files.extend(registered.map(|file| (file.key, file.name)));
    }
    for item in &args.item {
        let key = FileKey {
            team: args.team.clone(),
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

fn stage<'a>(workflow: &'a Workflow, wanted: Option<&str>) -> Result<&'a Stage, Error> {
    match wanted {
        Some(wanted) => Ok(workflow.find_stage(wanted)?),
        None => workflow.first_webhook().ok_or_else(|| {
            Error::Usage(format!(
                "the workflow \"{}\" has no Webhook stage that can be reached; name a stage with --stage",
                workflow.name
            ))
        }),
    }
}
