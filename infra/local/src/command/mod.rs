//! The commands. Each returns its exit code, or an error whose message fits on one line.

mod assign;
mod audit;
mod demo;
#[cfg(feature = "aws")]
mod deployment;
#[cfg(not(feature = "aws"))]
#[path = "deployment/missing.rs"]
mod deployment;
mod parked;
mod ping;
mod receive;
mod redeliver;
mod redrive;
mod run;
mod settled;
mod status;
mod visits;
mod workflow;

pub use assign::assign;
pub use audit::audit;
pub use demo::demo;
pub use ping::ping;
pub use receive::receive;
pub use redeliver::redeliver;
pub use redrive::redrive;
pub use run::run;
pub use status::status;
pub use workflow::workflow;

/// Everything went well.
pub const SUCCESS: u8 = 0;
/// The command could not be carried out: wrong usage, a broken workflow or document, or a failed engine.
pub const ERROR: u8 = 1;
/// The command was carried out, but some files failed or were rejected.
pub const SOME_FAILED: u8 = 2;
/// A person stopped the command.
pub const INTERRUPTED: u8 = 130;
