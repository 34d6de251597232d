//! The adapters before answers that AWS gives rarely. The contract of the ports is tested on an
//! in-process DynamoDB (`shared/aws/dynamodb`) and on an emulator (`tests/tests/aws`).
#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod agent;
mod documents;
mod events;
mod fake;
mod history;
mod operator;
mod queue;
mod registry;
mod secrets;
mod source;
mod team_secrets;
mod upload;
mod workflows;
