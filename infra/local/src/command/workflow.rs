use std::io::Write;

use delivery::ports::Workflows;
use uuid::Uuid;

use super::SUCCESS;
use crate::backend::workflows::{not_stored, teams_of};
use crate::backend::{Backend, Operation, perform};
use crate::cli::{GetArgs, PutArgs, WorkflowCommand};
use crate::error::Error;
use crate::intake::workflow_file::{Configured, configured};
use crate::terminal::output::{output, say};

/// Runs `webhook-stage workflow`.
///
/// # Errors
/// [`Error`] when the workflow does not exist or cannot run, or the store fails.
pub(crate) async fn workflow(command: &WorkflowCommand) -> Result<u8, Error> {
    match command {
        WorkflowCommand::Put(args) => {
            let configured = configured(&args.file, &args.overrides)?;
            perform(&args.target, &Put { args, configured }).await
        }
        WorkflowCommand::Get(args) => perform(&args.target, args).await,
        WorkflowCommand::Check(args) => check(args),
        WorkflowCommand::Schema => {
            output(|out| writeln!(out, "{:#}", config_schema()))?;
            Ok(SUCCESS)
        }
    }
}

fn check(args: &CheckArgs) -> Result<u8, Error> {
    let Imported {
        workflow, warnings, ..
    } = import(&args.file)?;
    let path = args.file.display();
    for warning in &warnings {
        say!("warning[{}]: {path}: {warning}", warning.code());
    }
    output(|out| {
        for (stage, config) in workflow.webhook_stages() {
            writeln!(out, "{}: {}", shown(&stage.name), shown(&what_it_does(config)))?;
        }
        let stages = counted(workflow.webhook_stages().count(), "Webhook stage");
        writeln!(out, "\"{}\" can be used: {stages}", shown(&workflow.name))
    })?;
    Ok(SUCCESS)
}

/// What a stage does, in one line. Of its URL only the host is shown.
fn what_it_does(config: &WebhookConfig) -> String {
    let host = Target::host_of(&config.url);
    let mut parts = vec![format!("{} to {}", config.method, host.unwrap_or_default())];
    if let Some(condition) = &config.condition {
        parts.push(format!("if {condition}"));
    }
    parts.push(match (&config.body, config.include_annotations) {
        (Some(body), _) => format!("with a body of its own ({})", body.content_type),
        (None, true) => "with the document".to_owned(),
        (None, false) => "with the document's metadata".to_owned(),
    });
    let policy = Policy::of(config);
    parts.push(match policy.max_retries() {
        0 => "no retries".to_owned(),
        retries => format!(
            "{} within {}",
            counted(usize::try_from(retries).unwrap_or(usize::MAX), "retry"),
            waiting(policy.sum())
        ),
    });
    parts.join(", ")
}

struct Put<'a> {
    args: &'a PutArgs,
    configured: Configured,
}

impl Operation for Put<'_> {
    async fn on(&self, backend: &impl Backend) -> Result<u8, Error> {
        let Configured {
            workflow, secrets, ..
        } = &self.configured;
        let teams = teams_of(backend, self.args.team.as_ref(), workflow.id).await?;
        if teams.is_empty() {
            return Err(unknown(workflow.id, "name a team with --team"));
        }
        for team in &teams {
            self.configured.store(backend, team).await?;
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
}

impl Operation for GetArgs {
    async fn on(&self, backend: &impl Backend) -> Result<u8, Error> {
        let teams = teams_of(backend, self.team.as_ref(), self.id).await?;
        let Some(team) = teams.first() else {
            return Err(unknown(self.id, "`status` names its stages"));
        };
        let found = backend.records().workflow(team, self.id).await?;
        let found = found.ok_or_else(|| match backend.here() {
            Some(_) => unknown(self.id, "its team has another"),
            None => not_stored(team, self.id),
        })?;
        output(|out| {
            out.write_all(&found.to_json())?;
            writeln!(out)
        })?;
        Ok(SUCCESS)
    }
}

fn unknown(id: Uuid, hint: &str) -> Error {
    Error::Usage(format!(
        "workflow {id}: the state directory does not have it: {hint}"
    ))
}
