//! What a delivered file costs, in DynamoDB's units, through the product's own use-cases.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod delivered;
mod ports;
mod put_off;
mod waiting;
