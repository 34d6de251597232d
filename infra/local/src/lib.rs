//! The Webhook stage on one machine: command line, pollers, local receiver.

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
mod hint;
mod networks;
mod notices;
mod output;
mod pollers;
mod ports;
mod progress;
mod register;
mod report;
mod share;
mod store;
mod stored;
mod target;
mod work;

pub use error::Error;
pub use output::tell;
pub use pollers::{PollSettings, Pollers};
pub use ports::{Local, Watch};
pub use progress::Progress;
