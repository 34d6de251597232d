//! Runs the Lambda handlers on one machine: what the event source mapping does on AWS.

pub(crate) mod drain;
mod fair_share;
mod log;
mod long_wait;
pub(crate) mod open_files;
mod paused;
pub(crate) mod poller;
pub(crate) mod ports;
pub(crate) mod signer;
pub(crate) mod start;
