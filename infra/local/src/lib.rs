//! The Webhook stage on one machine: command line, pollers, local receiver.

mod backend;
mod cli;
mod command;
mod error;
mod intake;
mod program;
mod runner;
mod terminal;

pub mod gateway;

pub use error::Error;
pub use program::program;
pub use runner::poller::{PollSettings, Pollers};
pub use runner::ports::{Local, Watch};
pub use terminal::progress::Progress;
