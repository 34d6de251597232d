use std::io::Write;

use delivery::ports::Workflows;
use uuid::Uuid;
use workflow::config_schema;

use super::check::check;
use super::{SUCCESS, over_api};
use crate::backend::remote::Remote;
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
        WorkflowCommand::Check(args) => check(&args.file),
        WorkflowCommand::Schema => {
            output(|out| writeln!(out, "{:#}", config_schema()))?;
            Ok(SUCCESS)
        }
    }
}

struct Put<'a> {
    args: &'a PutArgs,
    configured: Configured,
}

impl Operation for Put<'_> {
    async fn over(&self, remote: &Remote) -> Result<u8, Error> {
        over_api::put(remote, self.args, &self.configured).await
    }

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
    async fn over(&self, remote: &Remote) -> Result<u8, Error> {
        over_api::get(remote, self).await
    }

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
