//! The command line `webhook-stage`, which runs the Webhook stage on one machine.
//!
//! Pollers do the work of AWS's event source mapping: they take messages from the queues of the embedded
//! engine and call the same handlers that run as functions on AWS. The gateway does the work of API
//! Gateway for a local receiver. With the feature `aws`, the commands also work on a deployment. Each
//! command returns its exit code:
//!
//! ```text
//! webhook-stage run --workflow workflow.json --documents documents/ --state state/
//! webhook-stage status --state state/
//! ```

mod backend;
mod cli;
mod command;
mod error;
mod intake;
mod program;
mod runner;
mod server;
mod terminal;

pub mod gateway;

pub use error::Error;
pub use program::program;
pub use runner::poller::{PollSettings, Pollers};
pub use runner::ports::{Local, Watch};
pub use terminal::progress::Progress;
