//! Every foreign input: the kept corpus of the fuzz targets, the same inputs damaged, and inputs made to
//! measure. What must hold is in `tests::inputs`, which the fuzz targets call too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod authorizer;
mod corpus;
mod damage;
mod document;
mod json;
mod record;
mod request;
mod retry_after;
mod workflow;
