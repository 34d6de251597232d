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

pub mod cli;
pub mod command;
pub mod documents;
pub mod examples;
pub mod gateway;
pub mod limits;

mod assignment;
mod configured;
mod darwin;
mod discover;
mod error;
mod fair_share;
mod hint;
mod networks;
mod notices;
mod output;
mod pollers;
mod ports;
mod program;
mod progress;
mod register;
mod report;
mod secret;
mod store;
mod stored;
mod target;
#[cfg(feature = "aws")]
mod upload;
mod work;

pub use error::Error;
pub use pollers::{PollSettings, Pollers};
pub use ports::{Local, Watch};
pub use program::program;
pub use progress::Progress;
