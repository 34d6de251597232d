//! The Webhook stage on one machine: command line, pollers, local receiver.

pub mod cli;
pub mod command;
pub mod documents;
pub mod examples;
pub mod gateway;

mod error;
mod pollers;
mod ports;
mod progress;
mod register;
mod report;
mod stored;
mod work;

pub use error::Error;
pub use pollers::{PollSettings, Pollers};
pub use ports::{Local, Watch};
pub use progress::Progress;
