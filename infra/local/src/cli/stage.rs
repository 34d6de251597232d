//! Arguments of the commands that hold a stage's deliveries back, or let them go.

use clap::Args;
use delivery::control::Pause;

use super::{TargetArgs, WithinArgs};

/// A Webhook stage.
#[derive(Clone, Debug, Args)]
pub(crate) struct StageArgs {
    /// The Webhook stage, by name or id.
    #[arg(long, value_name = "NAME|ID")]
    pub stage: String,
    /// The workflow that the stage is in.
    #[command(flatten)]
    pub within: WithinArgs,
    /// Where the stage is.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Arguments of `pause`.
#[derive(Debug, Args)]
pub(crate) struct PauseArgs {
    /// The stage to pause.
    #[command(flatten)]
    pub stage: StageArgs,
    /// Why, for whoever looks at the stage later: one line of at most 200 characters.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    pub reason: Option<String>,
}

/// Arguments of `resume`.
#[derive(Debug, Args)]
pub(crate) struct ResumeArgs {
    /// The stage to resume.
    #[command(flatten)]
    pub stage: StageArgs,
}

/// Arguments of `close`.
#[derive(Debug, Args)]
pub(crate) struct CloseArgs {
    /// The stage whose circuit breaker to close.
    #[command(flatten)]
    pub stage: StageArgs,
}

fn reason(text: &str) -> Result<String, String> {
    Pause::check_reason(text).map(str::to_owned).ok_or_else(|| {
        let longest = Pause::LONGEST_REASON;
        format!("give one line of at most {longest} characters")
    })
}
