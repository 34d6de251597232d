//! Opening what a command works on.

use std::path::Path;
use std::sync::Arc;

use aws::{Admin, Names, sdk_config};
use embedded::{Engine, Options};
use uuid::Uuid;
use workflow::Workflow;

use crate::cli::{TargetArgs, WithinArgs};
use crate::error::Error;

/// Whether a directory holds an engine's state.
pub(crate) fn is_state(directory: &Path) -> bool {
    directory.join("webhook-stage.db").exists()
}

/// The engine of a state directory that is there.
pub(crate) fn directory(args: &TargetArgs) -> Result<Engine, Error> {
    if !is_state(&args.state) {
        return Err(Error::Usage(format!(
            "--state {}: there is no state directory; `webhook-stage run` makes one",
            args.state.display()
        )));
    }
    Ok(Engine::open(&args.state, Options::default())?)
}

/// A deployment, found by its stack's outputs.
pub(crate) async fn deployment(stack: &str) -> Result<Admin, Error> {
    let config = sdk_config().await;
    if config.region().is_none() {
        return Err(Error::Usage(
            "--aws: no region is set: set AWS_REGION, or a region in the AWS profile".to_owned(),
        ));
    }
    let names = Names::of_stack(&config, stack).await?;
    Ok(Admin::new(&config, &names))
}

/// A team and its workflow, on a deployment.
pub(crate) async fn within(
    admin: &Admin,
    args: &WithinArgs,
) -> Result<(String, Arc<Workflow>), Error> {
    let (Some(team), Some(id)) = (&args.team, args.workflow) else {
        return Err(Error::Usage(
            "--aws: name the team and the workflow: --team SLUG --workflow ID".to_owned(),
        ));
    };
    Ok((team.clone(), stored(admin, team, id).await?))
}

/// A stored workflow that must be there.
pub(crate) async fn stored(admin: &Admin, team: &str, id: Uuid) -> Result<Arc<Workflow>, Error> {
    let found = admin.workflow(team, id).await.map_err(Error::Deployment)?;
    found.ok_or_else(|| {
        Error::Usage(format!(
            "--workflow {id}: the team {team} has no such workflow here; `webhook-stage workflow put --aws --team {team} FILE` stores it"
        ))
    })
}
