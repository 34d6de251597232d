use aws::Admin;

use super::assign::{send, wait_and_print};
use super::{on_deployment, open, within};
use crate::cli::RedeliverArgs;
use crate::command::SUCCESS;
use crate::command::redeliver::say_nothing_to_do;
use crate::command::redeliver::select::{choose, no_webhook_stage};
use crate::command::visits::assignments;
use crate::error::Error;
use crate::terminal::output::say;
use crate::terminal::report;

pub(in crate::command) async fn redeliver(args: &RedeliverArgs) -> Result<u8, Error> {
    let admin = open(&args.target.stack()).await?;
    on_aws(&admin, args).await.map_err(on_deployment)
}

/// Sends the files' assignments; the deployment's functions do the work.
async fn on_aws(admin: &Admin, args: &RedeliverArgs) -> Result<u8, Error> {
    let (team, workflow) = within(admin, &args.within).await?;
    let stage = workflow.find_stage(&args.stage)?;
    if stage.webhook.is_none() {
        return Err(no_webhook_stage(stage));
    }
    let visits = choose(admin.table(), &[team], &workflow, stage, &args.item).await?;
    if visits.is_empty() {
        say_nothing_to_do(stage);
        return Ok(SUCCESS);
    }
    send(admin, &visits).await?;
    let files = report::counted(assignments(&visits).len(), "file");
    say!("{files} sent again");
    if !args.wait {
        return Ok(SUCCESS);
    }
    wait_and_print(admin, &workflow, stage, &visits, args.json).await
}
