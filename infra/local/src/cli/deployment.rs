//! Arguments of the commands that also work on a deployment on AWS.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use uuid::Uuid;
use workflow::Role;

use super::{ApiArgs, CallArgs, RetryDelays, retry_delays, team};

/// What a command works on: a state directory, a deployment on AWS, or an API.
#[derive(Clone, Debug, Args)]
pub(crate) struct TargetArgs {
    /// The state directory to work on.
    #[arg(
        long,
        value_name = "DIR",
        default_value = ".webhook-stage",
        conflicts_with = "api"
    )]
    pub state: PathBuf,
    /// The API to work over instead.
    #[command(flatten)]
    pub api: ApiArgs,
    /// Work on a deployment on AWS; region, credentials and endpoint come from the environment.
    #[arg(long, conflicts_with_all = ["state", "api"])]
    pub aws: bool,
    /// The name of the deployment's stack, or its NamePrefix; by default WEBHOOK_STAGE_STACK, or else webhook-stage.
    // Not clap's `env`: with the variable set, `requires` would demand --aws for every command.
    #[arg(long, value_name = "NAME", requires = "aws")]
    pub stack: Option<String>,
}

impl TargetArgs {
    /// The name of the stack: as given, or from the environment, or the default.
    #[must_use]
    pub(crate) fn stack(&self) -> String {
        let named = self.stack.clone();
        let set = named.or_else(|| std::env::var("WEBHOOK_STAGE_STACK").ok());
        set.unwrap_or_else(|| "webhook-stage".to_owned())
    }
}

/// Which team's workflow a command is about. A deployment serves many, so both must be named there.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct WithinArgs {
    /// The slug of the team that owns the workflow; only with --aws, or over an API the key's.
    #[arg(
        long,
        value_name = "SLUG",
        value_parser = team,
        requires = "aws",
        required_if_eq("aws", "true")
    )]
    pub team: Option<String>,
    /// The workflow's id; without --aws the default is every stored workflow.
    #[arg(long, value_name = "ID", required_if_eq("aws", "true"))]
    pub workflow: Option<Uuid>,
}

/// Subcommands of `workflow`.
#[derive(Debug, Subcommand)]
pub(crate) enum WorkflowCommand {
    /// Store a workflow, and its secrets separately; it takes effect within seconds.
    Put(PutArgs),
    /// Print a stored workflow, without its secrets.
    Get(GetArgs),
    /// Say everything that is wrong or odd in a workflow's file, and what its Webhook stages do.
    Check(CheckArgs),
    /// Print the JSON Schema of a Webhook stage's config.
    Schema,
}

/// Arguments of `workflow check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The workflow's file, as V7 exports it.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

/// Settings of a Webhook stage that override those in the workflow's file.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct OverrideArgs {
    /// The Webhook stage, by name or id; by default the workflow's first.
    #[arg(long, value_name = "NAME|ID")]
    pub stage: Option<String>,
    /// Call this URL instead of the one in the workflow.
    #[arg(long)]
    pub url: Option<String>,
    /// Read the stage's Authorization value from this environment variable.
    #[arg(long, value_name = "VAR")]
    pub authorization_env: Option<String>,
    /// The delays before the retries, such as 10s,30s,2min: one retry for each, at most 20, each at most 24h, 7 days
    /// together; or standard-webhooks for the schedule of that name, 9 retries over about 3 days.
    #[arg(long, value_name = "DELAY,...", value_parser = retry_delays)]
    pub retry_delays: Option<RetryDelays>,
}

/// Arguments of `workflow put`.
#[derive(Debug, Args)]
pub(crate) struct PutArgs {
    /// The workflow's file, as V7 exports it.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// The team's slug; without --aws the default is every team that has the workflow.
    #[arg(long, value_name = "SLUG", value_parser = team, required_if_eq("aws", "true"))]
    pub team: Option<String>,
    /// Settings to override before it is stored.
    #[command(flatten)]
    pub overrides: OverrideArgs,
    /// Where to store it.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Arguments of `workflow get`.
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// The workflow's id.
    #[arg(value_name = "ID")]
    pub id: Uuid,
    /// The team's slug; without --aws the default is any team that has the workflow.
    #[arg(long, value_name = "SLUG", value_parser = team, required_if_eq("aws", "true"))]
    pub team: Option<String>,
    /// Where it is stored.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Arguments of `assign`.
#[derive(Debug, Args)]
pub(crate) struct AssignArgs {
    /// Assign on a deployment on AWS. This or --api is required; on this machine `run` assigns files.
    #[arg(long, required_unless_present = "api", conflicts_with = "api")]
    pub aws: bool,
    /// The API to work over instead.
    #[command(flatten)]
    pub api: ApiArgs,
    /// The name of the deployment's stack, or its NamePrefix.
    #[arg(
        long,
        value_name = "NAME",
        env = "WEBHOOK_STAGE_STACK",
        default_value = "webhook-stage"
    )]
    pub stack: String,
    /// The slug of the team that owns the workflow; over an API it is the key's.
    #[arg(long, value_name = "SLUG", value_parser = team, requires = "aws", required_if_eq("aws", "true"))]
    pub team: Option<String>,
    /// The workflow's id.
    #[arg(long, value_name = "ID")]
    pub workflow: Uuid,
    /// The stage to assign to, by name or id; by default the workflow's first Webhook stage.
    #[arg(long, value_name = "NAME|ID")]
    pub stage: Option<String>,
    /// The role of the person who assigns the files; over an API it is the key's.
    #[arg(
        long = "as",
        value_name = "ROLE",
        default_value = "admin",
        conflicts_with = "api"
    )]
    pub role: Role,
    /// Darwin JSON documents to upload and assign: files, or directories with .json files in them.
    #[arg(long, value_name = "PATH", num_args = 1.., required_unless_present = "item")]
    pub documents: Vec<PathBuf>,
    /// An item to assign whose document is already in the bucket; may be given several times.
    #[arg(long, value_name = "ID")]
    pub item: Vec<Uuid>,
    /// With --aws: wait until each file's visit is over, and print how it went.
    #[arg(long, conflicts_with = "api")]
    pub wait: bool,
    /// Print one JSON object per file; only with --wait.
    #[arg(long, requires = "wait")]
    pub json: bool,
}

/// Arguments of `redrive`.
#[derive(Debug, Args)]
pub(crate) struct RedriveArgs {
    /// Redrive at most this many dead letters.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub limit: usize,
    /// Limits on the calls that this machine makes.
    #[command(flatten)]
    pub calls: CallArgs,
    /// Where the dead letters are.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Arguments of `audit`.
#[derive(Debug, Args)]
pub(crate) struct AuditArgs {
    /// Send the messages of stuck files again.
    #[arg(long)]
    pub repair: bool,
    /// With --aws: report a file as stuck once its next step is this long past due. A message whose
    /// sender crashed comes back after up to six times the function's timeout.
    #[arg(long, value_name = "DELAY", default_value = "1h", value_parser = super::any_delay)]
    pub grace: Duration,
    /// Limits on the calls that this machine makes.
    #[command(flatten)]
    pub calls: CallArgs,
    /// Print one JSON object per stuck file.
    #[arg(long)]
    pub json: bool,
    /// The state directory or deployment to audit.
    #[command(flatten)]
    pub target: TargetArgs,
}
