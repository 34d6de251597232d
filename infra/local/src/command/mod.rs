//! The commands. Each returns its exit code, or an error whose message fits on one line. Those that also work on
//! a deployment are [`Operation`](crate::backend::Operation)s of their arguments.

mod assign;
mod audit;
mod check;
mod control;
mod demo;
#[cfg(feature = "serve")]
mod keys;
mod over_api;
mod parked;
mod ping;
mod receive;
mod redeliver;
mod redrive;
mod run;
#[cfg(feature = "serve")]
mod serve;
mod settled;
mod signing_key;
mod status;
mod test_call;
mod try_out;
mod visits;
mod wait;
mod waiting;
mod work;
mod workflow;

pub(crate) use assign::assign;
pub(crate) use demo::demo;
#[cfg(feature = "serve")]
pub(crate) use keys::keys;
pub(crate) use over_api::watch;
pub(crate) use ping::ping;
pub(crate) use receive::receive;
pub(crate) use run::run;
#[cfg(feature = "serve")]
pub(crate) use serve::serve;
pub(crate) use signing_key::signing_key;
pub(crate) use try_out::try_out;
pub(crate) use workflow::workflow;

/// Everything went well.
pub(crate) const SUCCESS: u8 = 0;
/// The command could not be carried out: wrong usage, a broken workflow or document, or a failed engine.
pub(crate) const ERROR: u8 = 1;
/// The command was carried out, but some files failed or were rejected.
pub(crate) const SOME_FAILED: u8 = 2;
/// Some files wait, because their stage is paused; nothing else is left to do.
pub(crate) const PAUSED: u8 = 3;
/// A person stopped the command.
pub(crate) const INTERRUPTED: u8 = 130;
