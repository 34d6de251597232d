//! What a command works on: a state directory, or the table of a deployment.

pub(crate) mod allowed_networks;
pub(crate) mod open;
pub(crate) mod store;
pub(crate) mod unfinished;
pub(crate) mod workflows;
