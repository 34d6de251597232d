//! The command line.

mod deployment;
pub(crate) mod secret;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use ipnet::IpNet;
use receiver::Script;
use uuid::Uuid;
use workflow::Role;

pub use deployment::{
    AssignArgs, AuditArgs, GetArgs, OverrideArgs, PutArgs, RedriveArgs, TargetArgs, WithinArgs,
    WorkflowCommand,
};

/// The Webhook stage of an annotation workflow, on this machine or on AWS.
///
/// Without a command it runs the demo: an example workflow, example documents and a receiver, all
/// on this machine.
#[derive(Debug, Parser)]
#[command(name = "webhook-stage", version, max_term_width = 100)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Log to standard error; twice for more.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Send documents through a Webhook stage of a workflow, and wait until every file is at rest.
    Run(RunArgs),
    /// List the files by stage, with their last outcome; or all that is known about one.
    Status(StatusArgs),
    /// Send files again whose last webhook failed: each gets a new visit to the stage.
    Redeliver(RedeliverArgs),
    /// Assign parked dead letters' files again.
    Redrive(RedriveArgs),
    /// Find stuck files, and repair them.
    #[command(visible_alias = "check")]
    Audit(AuditArgs),
    /// Assign files on a deployment on AWS.
    Assign(AssignArgs),
    /// Store or print workflows.
    #[command(subcommand)]
    Workflow(WorkflowCommand),
    /// Send one test call, by exactly the path real ones take.
    Ping(PingArgs),
    /// Receive calls, guarded by the authorizer; for try-outs.
    Receive(ReceiveArgs),
}

/// Where calls may go, and how many at once.
#[derive(Clone, Debug, Args)]
pub struct CallArgs {
    /// Allow calls to a special network, such as 127.0.0.0/8; may be given several times.
    #[arg(long, value_name = "CIDR")]
    pub allow_network: Vec<IpNet>,
    /// Calls at the same time.
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = concurrency)]
    pub concurrency: usize,
}

/// `run`.
#[derive(Debug, Args)]
pub struct RunArgs {
    /// The workflow, as V7 exports it.
    #[arg(long, value_name = "FILE")]
    pub workflow: PathBuf,
    /// Darwin JSON documents: files, or directories with .json files in them.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    pub documents: Vec<PathBuf>,
    /// The stage to assign to, and what to set in it.
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// The role that assigns.
    #[arg(long = "as", value_name = "ROLE", default_value = "admin")]
    pub role: Role,
    /// Where to keep the state; the same directory continues where it was.
    #[arg(long, value_name = "DIR", default_value = ".webhook-stage")]
    pub state: PathBuf,
    /// Where calls may go.
    #[command(flatten)]
    pub calls: CallArgs,
    /// Print one JSON object a file.
    #[arg(long)]
    pub json: bool,
}

/// `status`.
#[derive(Debug, Args)]
pub struct StatusArgs {
    /// Where.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Of which workflow.
    #[command(flatten)]
    pub within: WithinArgs,
    /// Only this stage, by name or id.
    #[arg(long, value_name = "NAME|ID")]
    pub stage: Option<String>,
    /// Only files whose last webhook failed.
    #[arg(long)]
    pub failed: bool,
    /// Only this item, with its visits, failed attempts and rejected assignments.
    #[arg(long, value_name = "ID", conflicts_with_all = ["stage", "failed"])]
    pub item: Option<Uuid>,
    /// Print one JSON object a file.
    #[arg(long)]
    pub json: bool,
}

/// `redeliver`.
#[derive(Debug, Args)]
pub struct RedeliverArgs {
    /// Where.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Of which workflow.
    #[command(flatten)]
    pub within: WithinArgs,
    /// The Webhook stage, by name or id.
    #[arg(long, value_name = "NAME|ID")]
    pub stage: String,
    /// Only this item; may be given several times.
    #[arg(long, value_name = "ID")]
    pub item: Vec<Uuid>,
    /// With --aws: wait until each file's visit is over, and print how it went.
    #[arg(long, requires = "aws", required_if_eq_all([("aws", "true"), ("json", "true")]))]
    pub wait: bool,
    /// Where calls may go.
    #[command(flatten)]
    pub calls: CallArgs,
    /// Print one JSON object a file.
    #[arg(long)]
    pub json: bool,
}

/// `ping`.
#[derive(Debug, Args)]
pub struct PingArgs {
    /// The URL to call.
    #[arg(long)]
    pub url: String,
    /// Take the Authorization value from this environment variable.
    #[arg(long, value_name = "VAR")]
    pub authorization_env: Option<String>,
    /// The document to send; an example by default.
    #[arg(long, value_name = "FILE")]
    pub document: Option<PathBuf>,
    /// Allow calls to a special network, such as 127.0.0.0/8; may be given several times.
    #[arg(long, value_name = "CIDR")]
    pub allow_network: Vec<IpNet>,
}

/// `receive`.
#[derive(Debug, Args)]
pub struct ReceiveArgs {
    /// The address to listen on, such as 127.0.0.1:8080; port 0 takes a free one.
    #[arg(long, value_name = "ADDR")]
    pub listen: SocketAddr,
    /// The environment variable with the accepted Authorization value.
    #[arg(long, value_name = "VAR")]
    pub token_env: String,
    /// The statuses each delivery's calls are answered with, in order; the last one goes on.
    #[arg(long, value_name = "STATUS,...", default_value = "200")]
    pub respond: Script,
    /// Take this long for each answer.
    #[arg(long, value_name = "DELAY", default_value = "0s", value_parser = any_delay)]
    pub delay: Duration,
}

fn delay(text: &str) -> Result<Duration, String> {
    any_delay(text).and_then(|delay| {
        if delay <= workflow::MAX_DELAY {
            Ok(delay)
        } else {
            Err("a delay is at most 15 minutes".to_owned())
        }
    })
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
