//! Starts the functions on a state directory.

use std::time::Duration;

use delivery::ports::{Operator, Workflows};
use sender::Settings;
use webhook::{CallerConfig, WebhookCaller};

use super::open_files;
use super::poller::{PollSettings, Pollers};
use super::ports::{Local, Watch};
use super::signer;
use crate::backend::directory::Directory;
use crate::cli::CallArgs;
use crate::error::Error;

/// The longest call on one machine: the longest timeout that a stage may ask for.
const LONGEST_CALL: Duration = workflow::MAX_TIMEOUT;

/// Starts the pollers, which call the functions until they are stopped.
///
/// # Errors
/// [`Error`] when the HTTP client cannot be set up, the directory fails, or a stage needs what this program cannot do.
pub(crate) async fn start(
    directory: &Directory,
    calls: &CallArgs,
    watch: Watch,
) -> Result<(Local, Pollers), Error> {
    let concurrency = open_files::calls(calls.concurrency);
    let caller = WebhookCaller::new(CallerConfig {
        allow_networks: calls.allow_network.clone(),
        idle_connections: concurrency,
        ..CallerConfig::default()
    })?;
    let ports = Local::new(directory.clone(), caller, watch);
    let sender = Settings {
        longest_call: LONGEST_CALL,
        lanes: false,
        ..Settings::default()
    };
    for (team, id) in directory.workflows().await? {
        if let Some(workflow) = directory.workflow(&team, id).await? {
            signer::check(&workflow)?;
        }
    }
    // Before the first message is received.
    ports.paused().read(directory).await?;
    let settings = PollSettings {
        concurrency,
        sender,
    };
    let pollers = Pollers::start(&ports, settings);
    Ok((ports, pollers))
}
