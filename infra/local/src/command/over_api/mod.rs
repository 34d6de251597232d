//! Commands over an API: what they do on a state directory, by the routes of the API and for the team of its key.

mod assign;
mod hold;
mod item;
mod items;
mod redeliver;
mod stages;
mod status;
mod stored;
mod watch;

pub(super) use assign::assign;
pub(super) use hold::{close, pause, resume};
pub(super) use redeliver::redeliver;
pub(super) use status::status;
pub(super) use stored::{get, put};
pub(crate) use watch::watch;

use std::sync::Arc;

use serde_json::value::RawValue;
use workflow::{Stage, Workflow};

use crate::backend::remote::Remote;
use crate::backend::workflows::webhook_stage_of;
use crate::cli::WithinArgs;
use crate::error::Error;

/// What concerns all teams at once is not a matter of one team's key.
pub(super) fn not_over_api(command: &str) -> Error {
    Error::Usage(format!(
        "--api: `{command}` concerns the files of all teams: give --state on the machine itself, or --aws"
    ))
}

/// A team that is named must be the key's.
fn check_team(remote: &Remote, named: Option<&String>) -> Result<(), Error> {
    let own = remote.team();
    match named.filter(|team| *team != own) {
        None => Ok(()),
        Some(team) => Err(Error::Usage(format!(
            "--team {team}: the key is of the team {own}"
        ))),
    }
}

/// The workflows that the arguments mean: the one that they name, or all of the team.
async fn workflows(remote: &Remote, within: &WithinArgs) -> Result<Vec<Arc<Workflow>>, Error> {
    check_team(remote, within.team.as_ref())?;
    let listed: Vec<Box<RawValue>> = remote.get("workflows").await?;
    let mut found = Vec::new();
    for json in &listed {
        let imported = Workflow::import(json.get().as_bytes()).map_err(|error| {
            Error::Api(format!(
                "it has a workflow that this version cannot read: {error}"
            ))
        })?;
        if within.workflow.is_none_or(|id| id == imported.workflow.id) {
            found.push(Arc::new(imported.workflow));
        }
    }
    match within.workflow {
        Some(id) if found.is_empty() => {
            let team = remote.team();
            Err(Error::Usage(format!(
                "--workflow {id}: the team {team} has no such workflow"
            )))
        }
        _ => Ok(found),
    }
}

/// The Webhook stage that is wanted, by name or id.
async fn webhook_stage(
    remote: &Remote,
    wanted: &str,
    within: &WithinArgs,
) -> Result<(Arc<Workflow>, Stage), Error> {
    webhook_stage_of(&workflows(remote, within).await?, wanted)
}
