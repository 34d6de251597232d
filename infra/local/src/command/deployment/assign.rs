use std::collections::HashSet;

use delivery::FileKey;
use workflow::{Stage, Workflow};

use super::wait::outcomes;
use super::{open, stored};
use crate::cli::AssignArgs;
use crate::command::visits::{Visit, assignments};
use crate::command::{ERROR, INTERRUPTED, SOME_FAILED, SUCCESS};
use crate::error::Error;
use crate::intake::assignment::assignment;
use crate::intake::discover::discover;
use crate::intake::register::register;
use crate::terminal::output::say;
use crate::terminal::report::{self, Row};
use aws::Admin;

/// Files that were assigned before an error stay assigned; giving the same command again assigns the rest.
pub(in crate::command) async fn assign(args: &AssignArgs) -> Result<u8, Error> {
    let admin = open(&args.stack).await?;
    let workflow = stored(&admin, &args.team, args.workflow).await?;
    let stage = stage(&workflow, args.stage.as_deref())?;
    let mut files: Vec<(FileKey, String)> = Vec::new();
    let mut broken = 0;
    if !args.documents.is_empty() {
        let paths = discover(&args.documents)?;
        let registration = register(&admin, &paths, Some(&args.team))
            .await
            .map_err(Error::Deployment)?;
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
            let assignment = assignment(workflow.id, stage.id, &key, args.role);
            Visit::opened_by(assignment, name)
        })
        .collect();
    send(&admin, &visits).await?;
    let files = report::counted(visits.len(), "file");
    say!("{files} assigned to \"{}\"", stage.name);
    let failed = if broken > 0 { ERROR } else { SUCCESS };
    if !args.wait {
        return Ok(failed);
    }
    let code = wait_and_print(&admin, &workflow, stage, &visits, args.json).await?;
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

/// Sends the visits' assignments, and stops at the first that cannot be sent.
pub(super) async fn send(admin: &Admin, visits: &[Visit]) -> Result<(), Error> {
    for result in admin.assign(assignments(visits)).await {
        result.map_err(Error::Deployment)?;
    }
    Ok(())
}

/// Waits for the outcomes, prints them with a summary, and returns the exit code.
pub(super) async fn wait_and_print(
    admin: &Admin,
    workflow: &Workflow,
    stage: &Stage,
    visits: &[Visit],
    json: bool,
) -> Result<u8, Error> {
    let rows = outcomes(admin.table(), workflow, stage, visits)
        .await
        .map_err(Error::Deployment)?;
    if json {
        report::print_json(&rows)?;
    } else {
        report::print_table(&rows)?;
    }
    Ok(if rows.len() < visits.len() {
        INTERRUPTED
    } else if rows.iter().all(Row::is_success) {
        SUCCESS
    } else {
        SOME_FAILED
    })
}
