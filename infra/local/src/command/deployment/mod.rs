//! The commands on a deployment on AWS. They only send and read; the deployment's functions do the work.

mod assign;
mod redeliver;
mod status;
mod wait;

use std::sync::Arc;

use aws::{Admin, Names, sdk_config};
use delivery::usecase::{self, AuditSettings};
use uuid::Uuid;
use workflow::{SecretRef, StageSecrets, Workflow};

use super::{audit as local_audit, parked, redrive as local_redrive};
use crate::cli::{AuditArgs, GetArgs, PutArgs, RedriveArgs, WithinArgs};
use crate::error::Error;

pub(super) use assign::assign;
pub(super) use redeliver::redeliver;
pub(super) use status::status;

pub(super) async fn audit(args: &AuditArgs, settings: AuditSettings) -> Result<u8, Error> {
    let admin = open(&args.target.stack()).await?;
    let found = usecase::audit(&admin, settings)
        .await
        .map_err(Error::Deployment)?;
    let letters = admin.parked(parked::LIMIT).await;
    let letters = letters.map_err(Error::Deployment)?;
    let letters = parked::without_record(admin.table(), letters).await;
    local_audit::report(&found, &letters.map_err(Error::Deployment)?, args.json)
}

pub(super) async fn redrive(args: &RedriveArgs) -> Result<u8, Error> {
    let admin = open(&args.target.stack()).await?;
    let redriven = admin.redrive(args.limit).await.map_err(Error::Deployment)?;
    local_redrive::print(redriven.sent, redriven.unreadable)
}

pub(super) async fn put_workflow(
    args: &PutArgs,
    workflow: &Workflow,
    secrets: &[(SecretRef, StageSecrets)],
) -> Result<(), Error> {
    let admin = open(&args.target.stack()).await?;
    let team = args.team.as_deref().unwrap_or_default();
    let stored = admin.store_workflow(team, workflow, secrets).await;
    stored.map_err(Error::Deployment)
}

pub(super) async fn get_workflow(args: &GetArgs) -> Result<Arc<Workflow>, Error> {
    let admin = open(&args.target.stack()).await?;
    stored(&admin, args.team.as_deref().unwrap_or_default(), args.id).await
}

/// Finds a deployment by the name of its stack.
async fn open(stack: &str) -> Result<Admin, Error> {
    let config = sdk_config().await;
    if config.region().is_none() {
        return Err(Error::Usage(
            "--aws: no region is set; set AWS_REGION, or a region in the AWS profile".to_owned(),
        ));
    }
    let names = Names::of_stack(&config, stack).await?;
    Ok(Admin::new(&config, &names))
}

/// The team and the workflow's id, both of which must be given.
async fn within(admin: &Admin, args: &WithinArgs) -> Result<(String, Arc<Workflow>), Error> {
    let (Some(team), Some(id)) = (&args.team, args.workflow) else {
        return Err(Error::Usage(
            "--aws: name the team and the workflow with --team SLUG --workflow ID".to_owned(),
        ));
    };
    Ok((team.clone(), stored(admin, team, id).await?))
}

/// Reads a stored workflow that must exist.
async fn stored(admin: &Admin, team: &str, id: Uuid) -> Result<Arc<Workflow>, Error> {
    let found = admin.workflow(team, id).await.map_err(Error::Deployment)?;
    found.ok_or_else(|| {
        Error::Usage(format!(
            "--workflow {id}: the team {team} has no such workflow here; store it with `webhook-stage workflow put --aws --team {team} FILE`"
        ))
    })
}

/// Says that it was the deployment's engine that failed.
fn on_deployment(error: Error) -> Error {
    match error {
        Error::Engine(error) => Error::Deployment(error),
        error => error,
    }
}
