//! What `--aws` does in a program built without the AWS SDK. The SDK takes long to build, and whoever
//! works on one machine does not need it.

use std::sync::Arc;

use delivery::usecase::AuditSettings;
use workflow::{SecretRef, StageSecrets, Workflow};

use crate::cli::{AssignArgs, AuditArgs, GetArgs, PutArgs, RedeliverArgs, RedriveArgs, StatusArgs};
use crate::error::Error;

fn missing<T>() -> Result<T, Error> {
    Err(Error::Usage(
        "--aws: this program was built without AWS support; to build it in: `cargo build --release -p webhook-stage --features aws`"
            .to_owned(),
    ))
}

pub(super) async fn assign(_: &AssignArgs) -> Result<u8, Error> {
    missing()
}

pub(super) async fn audit(_: &AuditArgs, _: AuditSettings) -> Result<u8, Error> {
    missing()
}

pub(super) async fn redeliver(_: &RedeliverArgs) -> Result<u8, Error> {
    missing()
}

pub(super) async fn redrive(_: &RedriveArgs) -> Result<u8, Error> {
    missing()
}

pub(super) async fn status(_: &StatusArgs) -> Result<u8, Error> {
    missing()
}

pub(super) async fn put_workflow(
    _: &PutArgs,
    _: &Workflow,
    _: &[(SecretRef, StageSecrets)],
) -> Result<(), Error> {
    missing()
}

pub(super) async fn get_workflow(_: &GetArgs) -> Result<Arc<Workflow>, Error> {
    missing()
}
