//! The API as clients use it that are not this project's: V7's own for Python, a receiver in the manner of V7's examples, and
//! one that is made from the OpenAPI document; and what each role may do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod clients;

mod server;

use std::process::ExitCode;

/// The first argument of a process that is to be the program `webhook-stage`; the others are the program's.
const TESTS: [(&str, fn()); 3] = [
    ("darwin_py", clients::darwin_py),
    (
        "receiver",
        clients::a_receiver_sends_files_back_during_the_call,
    ),
    ("schema", clients::answers_are_as_the_document_says),
];

/// Not a test of the usual harness, because this program starts itself again as `webhook-stage`: its own is not built by
/// `cargo test -p tests`.
fn main() -> ExitCode {
    let first = std::env::args().nth(1).unwrap_or_default();
    if server::COMMANDS.contains(&first.as_str()) {
        return webhook_stage::program();
    }
    if first == "--list" {
        return ExitCode::SUCCESS;
    }
    let wanted = TESTS
        .iter()
        .filter(|(name, _)| first.starts_with('-') || name.contains(&first));
    let mut failed = false;
    for (name, test) in wanted {
        let result = std::thread::spawn(test).join();
        println!(
            "test {name} ... {}",
            if result.is_ok() { "ok" } else { "FAILED" }
        );
        failed |= result.is_err();
    }
    ExitCode::from(u8::from(failed))
}
