//! The command line, end to end: real processes, real HTTP on loopback, real files.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs
)]

mod access;
mod arguments;
mod connections;
mod disk;
mod documents;
mod environment;
mod examples;
mod gateway;
mod long_wait;
mod memory;
mod names;
mod odd;
mod operator;
mod output;
mod own;
mod resumed;
mod routing;
mod run;
mod secrets;
#[cfg(feature = "serve")]
mod serve;
mod signing_key;
mod support;
mod teams;
mod trouble;
mod try_out;
