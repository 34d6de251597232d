use serde::Deserialize;
use serde_json::json;

use super::webhook_stage;
use crate::backend::remote::Remote;
use crate::cli::RedeliverArgs;
use crate::command::SUCCESS;
use crate::error::Error;
use crate::terminal::output::say;
use crate::terminal::report::counted;

/// What became of a command about many items.
#[derive(Deserialize)]
pub(super) struct Commands {
    pub(super) created_commands: usize,
}

/// `redeliver`.
pub(in crate::command) async fn redeliver(
    remote: &Remote,
    args: &RedeliverArgs,
) -> Result<u8, Error> {
    let (workflow, stage) = webhook_stage(remote, &args.stage, &args.within).await?;
    let path = format!("workflows/{}/stages/{}/redeliver", workflow.id, stage.id);
    let body = match args.item.is_empty() {
        true => json!({}),
        false => json!({"item_ids": args.item}),
    };
    let commands: Commands = remote.post(&path, body.to_string()).await?;
    match commands.created_commands {
        0 => say!("nothing to send again at \"{}\"", stage.name),
        files => say!("{} sent again", counted(files, "file")),
    }
    Ok(SUCCESS)
}
