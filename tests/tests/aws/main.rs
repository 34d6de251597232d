//! On AWS's own engine, as far as an emulator has it: the SAM template deployed through
//! CloudFormation with this workspace's own binaries.
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod adapters;
mod api;
mod clients;
mod deployment;
mod emulator;
mod missing;
mod presigned;
