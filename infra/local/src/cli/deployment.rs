//! Arguments of commands that reach a deployment on AWS.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use uuid::Uuid;
use workflow::Role;

use super::{CallArgs, delay, team};

/// A state directory, or a deployment on AWS.
#[derive(Clone, Debug, Args)]
pub struct TargetArgs {
    /// The state directory.
    #[arg(long, value_name = "DIR", default_value = ".webhook-stage")]
    pub state: PathBuf,
    /// A deployment on AWS; region, credentials and endpoint are the environment's.
    #[arg(long, conflicts_with = "state")]
    pub aws: bool,
    /// The deployment's stack; by default what WEBHOOK_STAGE_STACK says, or webhook-stage.
    // Not clap's `env`: a variable that is set would ask for --aws in every command.
    #[arg(long, value_name = "NAME", requires = "aws")]
    pub stack: Option<String>,
}

impl TargetArgs {
    /// The stack meant.
    #[must_use]
    pub fn stack(&self) -> String {
        let named = self.stack.clone();
        let set = named.or_else(|| std::env::var("WEBHOOK_STAGE_STACK").ok());
        set.unwrap_or_else(|| "webhook-stage".to_owned())
    }
}

/// A deployment serves many teams and workflows; a state directory may.
#[derive(Clone, Debug, Args)]
pub struct WithinArgs {
    /// The team's slug, with --aws.
    #[arg(
        long,
        value_name = "SLUG",
        value_parser = team,
        requires = "aws",
        required_if_eq("aws", "true")
    )]
    pub team: Option<String>,
    /// The workflow's id; on this machine by default all that are stored.
    #[arg(long, value_name = "ID", required_if_eq("aws", "true"))]
    pub workflow: Option<Uuid>,
}

/// `workflow`.
#[derive(Debug, Subcommand)]
pub enum WorkflowCommand {
    /// Store a workflow; its secrets are stored apart. It takes effect within seconds.
    Put(PutArgs),
    /// Print a stored workflow, without its secrets.
    Get(GetArgs),
}

/// What may be set in a workflow that comes from a file.
#[derive(Clone, Debug, Default, Args)]
pub struct OverrideArgs {
    /// The Webhook stage meant, by name or id; the workflow's first by default.
    #[arg(long, value_name = "NAME|ID")]
    pub stage: Option<String>,
    /// Call this URL instead of the stage's.
    #[arg(long)]
    pub url: Option<String>,
    /// Take the stage's Authorization value from this environment variable.
    #[arg(long, value_name = "VAR")]
    pub authorization_env: Option<String>,
    /// Delays before the retries, such as 10s,30s,2min; as many retries as delays, at most 10.
    #[arg(long, value_name = "DELAY,...", value_delimiter = ',', value_parser = delay)]
    pub retry_delays: Option<Vec<Duration>>,
}

/// `workflow put`.
#[derive(Debug, Args)]
pub struct PutArgs {
    /// The workflow, as V7 exports it.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The team's slug; on this machine by default all that have the workflow.
    #[arg(long, value_name = "SLUG", value_parser = team, required_if_eq("aws", "true"))]
    pub team: Option<String>,
    /// What to set in it.
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Where to.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// `workflow get`.
#[derive(Debug, Args)]
pub struct GetArgs {
    /// The workflow's id.
    #[arg(value_name = "ID")]
    pub id: Uuid,
    /// The team's slug; on this machine by default any that has the workflow.
    #[arg(long, value_name = "SLUG", value_parser = team, required_if_eq("aws", "true"))]
    pub team: Option<String>,
    /// Where from.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// `assign`.
#[derive(Debug, Args)]
pub struct AssignArgs {
    /// On a deployment on AWS; on this machine `run` assigns.
    #[arg(long, required = true)]
    pub aws: bool,
    /// The deployment's stack.
    #[arg(
        long,
        value_name = "NAME",
        env = "WEBHOOK_STAGE_STACK",
        default_value = "webhook-stage"
    )]
    pub stack: String,
    /// The team's slug.
    #[arg(long, value_name = "SLUG", value_parser = team)]
    pub team: String,
    /// The workflow's id.
    #[arg(long, value_name = "ID")]
    pub workflow: Uuid,
    /// The stage to assign to, by name or id; the workflow's first Webhook stage by default.
    #[arg(long, value_name = "NAME|ID")]
    pub stage: Option<String>,
    /// The role that assigns.
    #[arg(long = "as", value_name = "ROLE", default_value = "admin")]
    pub role: Role,
    /// Darwin JSON documents to put into the document bucket and assign: files, or directories.
    #[arg(long, value_name = "PATH", num_args = 1.., required_unless_present = "item")]
    pub documents: Vec<PathBuf>,
    /// An item whose document is in the bucket; may be given several times.
    #[arg(long, value_name = "ID")]
    pub item: Vec<Uuid>,
    /// Wait until each file's visit is over, and print how it went.
    #[arg(long)]
    pub wait: bool,
    /// Print one JSON object a file; with --wait.
    #[arg(long, requires = "wait")]
    pub json: bool,
}

/// `redrive`.
#[derive(Debug, Args)]
pub struct RedriveArgs {
    /// Dead letters at most.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub limit: usize,
    /// Where calls may go, on this machine.
    #[command(flatten)]
    pub calls: CallArgs,
    /// Where.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// Send the messages of stuck files again.
    #[arg(long)]
    pub repair: bool,
    /// With --aws: how long past due a file is stuck. A message whose sender died comes back after
    /// up to six times the function's timeout.
    #[arg(long, value_name = "DELAY", default_value = "1h", value_parser = super::any_delay)]
    pub grace: Duration,
    /// Where calls may go, on this machine.
    #[command(flatten)]
    pub calls: CallArgs,
    /// Print one JSON object a stuck file.
    #[arg(long)]
    pub json: bool,
    /// Where.
    #[command(flatten)]
    pub target: TargetArgs,
}
