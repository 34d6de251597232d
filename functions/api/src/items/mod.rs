//! A team's items: registered, listed, and sent through workflows.

pub(crate) mod assign;
pub(crate) mod commands;
pub(crate) mod filter;
pub(crate) mod list;
pub(crate) mod register;
pub(crate) mod show;
pub(crate) mod upload;
mod view;
