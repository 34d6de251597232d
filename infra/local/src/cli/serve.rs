//! Arguments of `serve` and `keys`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use workflow::Role;

use super::{CallArgs, TargetArgs, team};

/// Arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// The directory to keep the state in; it is created if needed.
    #[arg(long, value_name = "DIR", default_value = ".webhook-stage")]
    pub state: PathBuf,
    /// Limits on the calls.
    #[command(flatten)]
    pub calls: CallArgs,
}

/// Subcommands of `keys`.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key, and print it once; only its digest is stored. It can be used at once, also while `serve` runs.
    Add(AddKeyArgs),
    /// List the keys: their first parts, and whom they stand for.
    List(ListKeysArgs),
    /// Revoke a key at once.
    Revoke(RevokeKeyArgs),
}

/// Arguments of `keys add`.
#[derive(Debug, Args)]
pub(crate) struct AddKeyArgs {
    /// The slug of the team that it may be used for.
    #[arg(long, value_name = "SLUG", value_parser = team)]
    pub team: String,
    /// The user's role: owner, admin, member, workforce_manager or annotator.
    #[arg(long)]
    pub role: Role,
    /// V7's id of the user.
    #[arg(long, value_name = "ID", default_value_t = 1)]
    pub user_id: u64,
    /// What the key is for.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub name: String,
    /// Whose keys.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Arguments of `keys list`.
#[derive(Debug, Args)]
pub(crate) struct ListKeysArgs {
    /// Whose keys.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Arguments of `keys revoke`.
#[derive(Debug, Args)]
pub(crate) struct RevokeKeyArgs {
    /// The key's first part: its 7 characters before the dot.
    pub prefix: String,
    /// Whose keys.
    #[command(flatten)]
    pub target: TargetArgs,
}
