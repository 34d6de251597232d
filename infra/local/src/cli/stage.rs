//! Arguments of the commands that hold a stage's deliveries back, or let them go.

use clap::Args;

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

/// The longest reason, in characters. It is kept in the stage's control record, which is read with every workflow.
const LONGEST_REASON: usize = 200;

fn reason(text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LONGEST_REASON || text.contains(char::is_control) {
        return Err(format!(
            "give one line of at most {LONGEST_REASON} characters"
        ));
    }
    Ok(text.to_owned())
}
