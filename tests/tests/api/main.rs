//! The API as a served program: what each role may do, what no answer may tell, and clients that are not this project's: V7's own
//! for Python, a receiver in the manner of V7's examples, and one that is made from the OpenAPI document.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod clients;
mod echo;
mod forms;
mod keys;
mod request;
mod roles;
mod routes;
mod secrets;
mod server;
mod table;
mod world;

use std::process::ExitCode;
use std::thread;
use std::time::Instant;

#[rustfmt::skip]
const TESTS: [(&str, fn()); 11] = [
    ("clients::darwin_py", clients::darwin_py),
    ("clients::receiver", clients::a_receiver_sends_files_back_during_the_call),
    ("clients::schemathesis", clients::answers_are_as_the_document_says),
    ("keys::each_route_needs_a_valid_one", keys::each_route_needs_a_valid_one),
    ("keys::wrong_ones_are_counted", keys::wrong_ones_are_counted),
    ("roles::each_may_do_what_the_table_says", roles::each_may_do_what_the_table_says),
    ("roles::a_worker_sees_what_is_assigned_to_them", roles::a_worker_sees_what_is_assigned_to_them),
    ("roles::another_teams_things_are_not_found", roles::another_teams_things_are_not_found),
    ("routes::are_those_of_the_document", routes::are_those_of_the_document),
    ("secrets::each_form_is_found", forms::each_is_found),
    ("secrets::none_is_in_any_answer_nor_in_the_log", secrets::none_is_in_any_answer_nor_in_the_log),
];

/// Not the usual harness, because this program starts itself again as `webhook-stage`, which `cargo test -p tests` does not build.
fn main() -> ExitCode {
    if std::env::var_os(server::AS_PROGRAM).is_some() {
        return webhook_stage::program();
    }
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let given = |name: &str| arguments.iter().any(|argument| argument == name);
    let filter = arguments.first().filter(|first| !first.starts_with('-'));
    let wanted = TESTS
        .iter()
        .filter(|(name, _)| filter.is_none_or(|text| name.contains(text)));
    // None is ignored by default.
    if given("--ignored") {
        return ExitCode::SUCCESS;
    }
    if given("--list") {
        wanted.for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let mut failed = false;
    for (name, test) in wanted {
        let begun = Instant::now();
        let thread = thread::Builder::new().name((*name).to_owned()).spawn(test);
        let result = match thread.unwrap().join() {
            Ok(()) => "ok",
            Err(_) => "FAILED",
        };
        println!(
            "test {name} ... {result} ({:.1} s)",
            begun.elapsed().as_secs_f64()
        );
        failed |= result != "ok";
    }
    ExitCode::from(u8::from(failed))
}
