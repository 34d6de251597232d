//! The instructions of the functions, counted by callgrind on their own programs, built as SAM builds them but for this
//! machine's processor. Services and receiver are in this process and speak plain HTTP, so TLS is not in the
//! figures. Needs valgrind.
//!
//! `batches` fails if the figures are not those in `infra/sam/counts.json`, give or take a tenth; `UPDATE_COUNTS=1`
//! writes them there. `start` fails if a function needs more to start than its limit. Without a name both run.
#![allow(
    dead_code,
    missing_docs,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

mod batches;
mod callgrind;
#[path = "../../tests/aws/emulator.rs"]
mod emulator;
#[path = "../../tests/counts/endpoint.rs"]
mod endpoint;
#[path = "../../tests/counts/function.rs"]
mod function;
#[path = "../../tests/counts/kept.rs"]
mod kept;
mod programs;
#[path = "../../tests/counts/run.rs"]
mod run;
mod start;
#[path = "../../tests/counts/table.rs"]
mod table;
#[path = "../../tests/counts/template.rs"]
mod template;

#[tokio::main]
async fn main() {
    // Cargo adds `--bench`.
    let named: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with('-'))
        .collect();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|it| it == name);
    if wanted("start") {
        let over = start::compare();
        assert!(over.is_empty(), "{}", over.join("\n"));
    }
    if wanted("batches") {
        kept::compare(&batches::counted().await);
    }
}
