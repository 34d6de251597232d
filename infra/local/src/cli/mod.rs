//! The command line's arguments, and their help texts.

mod api;
mod deployment;
pub(crate) mod secret;
#[cfg(feature = "serve")]
mod serve;
mod signing_key;
mod stage;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;
use receiver::Script;
use uuid::Uuid;
use workflow::Role;

pub(crate) use api::{ApiArgs, WatchArgs};
pub(crate) use deployment::{
    AssignArgs, AuditArgs, GetArgs, OverrideArgs, PutArgs, RedriveArgs, TargetArgs, WithinArgs,
    WorkflowCommand,
};
#[cfg(feature = "serve")]
pub(crate) use serve::{AddKeyArgs, KeysCommand, ListKeysArgs, RevokeKeyArgs, ServeArgs};
pub(crate) use signing_key::SigningKeyCommand;
pub(crate) use stage::{CloseArgs, PauseArgs, ResumeArgs, StageArgs};

/// The Webhook stage of an annotation workflow, on this machine or on AWS.
///
/// Without a command it runs the demo: an example workflow, example documents and a receiver, all
/// on this machine.
#[derive(Debug, Parser)]
#[command(name = "webhook-stage", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// The command to run; without one, the demo.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Log to standard error; give it twice to log more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Send documents through a Webhook stage of a workflow, and wait until every file is at rest.
    Run(RunArgs),
    /// List files by stage with their last outcome, or show all that is known about one file.
    Status(StatusArgs),
    /// Send files again whose last webhook failed; each makes a new visit to the stage.
    Redeliver(RedeliverArgs),
    /// Assign the files of parked dead letters again.
    Redrive(RedriveArgs),
    /// Pause a Webhook stage: its files wait, and no attempt is spent.
    Pause(PauseArgs),
    /// Resume a paused Webhook stage.
    Resume(ResumeArgs),
    /// Close the circuit breaker of a Webhook stage, whose receiver is known to answer again.
    Close(CloseArgs),
    /// Find stuck files, and with --repair send their messages again.
    #[command(visible_alias = "check")]
    Audit(AuditArgs),
    /// Assign files on a deployment on AWS, or over an API.
    Assign(AssignArgs),
    /// Show how many files are in each stage, again and again, over an API.
    Watch(WatchArgs),
    /// Store or print workflows.
    #[command(subcommand)]
    Workflow(WorkflowCommand),
    /// Make a key with which calls are signed (Standard Webhooks v1a), or print its public key.
    #[command(subcommand)]
    SigningKey(SigningKeyCommand),
    /// Send one test call, exactly as a real call is sent.
    Ping(PingArgs),
    /// Show what a stage would do with a document: its condition, the exact request, what follows from each answer.
    Try(TryArgs),
    /// Run a receiver behind the authorizer, for trying things out.
    Receive(ReceiveArgs),
    /// Serve the API on this machine, and run the functions for as long as it is up.
    #[cfg(feature = "serve")]
    Serve(ServeArgs),
    /// Make, list or revoke API keys.
    #[cfg(feature = "serve")]
    #[command(subcommand)]
    Keys(KeysCommand),
}

/// Limits on calls: where they may go, and how many are made at once.
#[derive(Clone, Debug, Args)]
pub(crate) struct CallArgs {
    /// Allow calls to a private or otherwise special network, such as 127.0.0.0/8; may be given several
    /// times.
    #[arg(long, value_name = "CIDR")]
    pub allow_network: Vec<IpNet>,
    /// Make at most this many calls at the same time.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = concurrency)]
    pub concurrency: usize,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The workflow's file, as V7 exports it.
    #[arg(long, value_name = "FILE")]
    pub workflow: PathBuf,
    /// Darwin JSON documents: files, or directories with .json files in them.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    pub documents: Vec<PathBuf>,
    /// The stage to assign to, and settings of it to override.
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// The role of the person who assigns the files.
    #[arg(long = "as", value_name = "ROLE", default_value = "admin")]
    pub role: Role,
    /// The directory to keep the state in; a run with the same one continues where the last stopped.
    #[arg(long, value_name = "DIR", default_value = ".webhook-stage")]
    pub state: PathBuf,
    /// Limits on the calls.
    #[command(flatten)]
    pub calls: CallArgs,
    /// Print one JSON object per file.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// Where the files are.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The workflow that the files are in.
    #[command(flatten)]
    pub within: WithinArgs,
    /// Show only files in this stage, given by name or id.
    #[arg(long, value_name = "NAME|ID")]
    pub stage: Option<String>,
    /// Show only files whose last webhook failed.
    #[arg(long)]
    pub failed: bool,
    /// Show only this item, with its visits, failed attempts and rejected assignments.
    #[arg(long, value_name = "ID", conflicts_with_all = ["stage", "failed"])]
    pub item: Option<Uuid>,
    /// Print one JSON object per file.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `redeliver`.
#[derive(Debug, Args)]
pub(crate) struct RedeliverArgs {
    /// Where the files are.
    #[command(flatten)]
    pub target: TargetArgs,
    /// The workflow that the files are in.
    #[command(flatten)]
    pub within: WithinArgs,
    /// The Webhook stage to send the files through, by name or id.
    #[arg(long, value_name = "NAME|ID")]
    pub stage: String,
    /// Send only this item, whatever its last outcome; may be given several times.
    #[arg(long, value_name = "ID")]
    pub item: Vec<Uuid>,
    /// With --aws: wait until each file's visit is over, and print how it went.
    #[arg(long, requires = "aws", required_if_eq_all([("aws", "true"), ("json", "true")]))]
    pub wait: bool,
    /// Limits on the calls.
    #[command(flatten)]
    pub calls: CallArgs,
    /// Print one JSON object per file.
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `ping`.
#[derive(Debug, Args)]
pub(crate) struct PingArgs {
    /// The URL to call.
    #[arg(long)]
    pub url: String,
    /// Read the Authorization value to send from this environment variable.
    #[arg(long, value_name = "VAR")]
    pub authorization_env: Option<String>,
    /// The document to send; by default an example.
    #[arg(long, value_name = "FILE")]
    pub document: Option<PathBuf>,
    /// Allow calls to a private or otherwise special network, such as 127.0.0.0/8; may be given several
    /// times.
    #[arg(long, value_name = "CIDR")]
    pub allow_network: Vec<IpNet>,
}

/// Arguments of `try`.
#[derive(Debug, Args)]
pub(crate) struct TryArgs {
    /// The workflow's file, as V7 exports it.
    #[arg(long, value_name = "FILE")]
    pub workflow: PathBuf,
    /// The Darwin JSON document.
    #[arg(long, value_name = "FILE")]
    pub document: PathBuf,
    /// The stage, and settings of it to override.
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Also make the call, and print the answer.
    #[arg(long)]
    pub send: bool,
    /// Allow calls to a private or otherwise special network, such as 127.0.0.0/8; may be given several
    /// times.
    #[arg(long, value_name = "CIDR")]
    pub allow_network: Vec<IpNet>,
}

/// Arguments of `receive`.
#[derive(Debug, Args)]
pub(crate) struct ReceiveArgs {
    /// The address to listen on, such as 127.0.0.1:8080; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Read the Authorization value to accept from this environment variable.
    #[arg(long, value_name = "VAR")]
    pub token_env: String,
    /// The statuses to answer the calls of each delivery with, in order; the last one repeats.
    #[arg(long, value_name = "STATUS,...", default_value = "200")]
    pub respond: Script,
    /// Wait this long before each answer.
    #[arg(long, value_name = "DELAY", default_value = "0s", value_parser = any_delay)]
    pub delay: Duration,
}

/// The delays of a stage's retries.
#[derive(Clone, Debug)]
pub(crate) struct RetryDelays(pub Vec<Duration>);

fn retry_delays(text: &str) -> Result<RetryDelays, String> {
    if text == "standard-webhooks" {
        return Ok(RetryDelays(workflow::STANDARD_WEBHOOKS.to_vec()));
    }
    let delays = text.split(',').map(any_delay);
    let delays = delays.collect::<Result<Vec<_>, _>>()?;
    // A workflow beyond these limits could be stored but not read again, and its files would wait for ever.
    if delays.iter().any(|delay| *delay > workflow::MAX_DELAY) {
        return Err("a delay can be at most 24 hours".to_owned());
    }
    if delays.len() > workflow::MAX_RETRIES as usize {
        return Err(format!("at most {} delays", workflow::MAX_RETRIES));
    }
    if delays.iter().sum::<Duration>() > workflow::MAX_RETRY_TIME {
        return Err("all delays together can be at most 7 days".to_owned());
    }
    Ok(RetryDelays(delays))
}

fn any_delay(text: &str) -> Result<Duration, String> {
    workflow::parse_duration(text)
        .ok_or_else(|| "write a delay as 500ms, 10s, 2min or 1h".to_owned())
}

fn team(text: &str) -> Result<String, String> {
    match delivery::check_team(text) {
        Ok(()) => Ok(text.to_owned()),
        Err(invalid) => Err(invalid.to_string()),
    }
}

fn concurrency(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|number| (1..=4096).contains(number))
        .ok_or_else(|| "give a number from 1 to 4096".to_owned())
}
