//! Templates that mean harm: each ends within the limits, with a clear error or with a body.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../support/mod.rs"]
mod support;
mod table;

use std::thread;

use table::{Hostile, documents, table};
use template::fuzzing::{Spent, holds, render};
use template::{Body, BodyFormat, Condition, MAX_MEMORY, MAX_OUTPUT, MAX_STEPS, TemplateError};

/// Outcome and cost; where the template is refused, it costs nothing.
fn outcome(hostile: &Hostile, format: BodyFormat) -> (Result<usize, TemplateError>, Spent) {
    let context = &documents()[hostile.document];
    if hostile.condition {
        return match Condition::parse(&hostile.template) {
            Ok(condition) => {
                let (result, spent) = holds(&condition, context);
                (result.map(usize::from), spent)
            }
            Err(error) => (Err(error), Spent::default()),
        };
    }
    match Body::parse(&hostile.template, format) {
        Ok(body) => {
            let (result, spent) = render(&body, context);
            (result.map(|body| body.len()), spent)
        }
        Err(error) => (Err(error), Spent::default()),
    }
}

/// The processor's time for this thread so far, in nanoseconds.
fn cpu_time() -> u64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split_whitespace().next().unwrap().parse().unwrap()
}

/// Half of what a thread of tokio's has.
fn on_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(1024 * 1024).spawn(test);
    thread.unwrap().join().expect("no panic");
}

#[test]
fn each_ends_as_expected_and_within_the_limits() {
    on_small_stack(|| {
        let mut wrong = Vec::new();
        for hostile in table() {
            for format in [BodyFormat::Text, BodyFormat::Json] {
                let (result, spent) = outcome(&hostile, format);
                assert!(spent.steps <= MAX_STEPS, "{}: {spent:?}", hostile.name);
                assert!(spent.memory <= MAX_MEMORY, "{}: {spent:?}", hostile.name);
                let code = match &result {
                    Ok(length) => {
                        assert!(*length <= MAX_OUTPUT, "{}", hostile.name);
                        "ok"
                    }
                    Err(error) => error.code(),
                };
                let expected = match (hostile.code, format) {
                    // What is text is seldom JSON.
                    ("ok", BodyFormat::Json) if code == "template_not_json" => code,
                    (code, _) => code,
                };
                if code != expected {
                    let found = result.map_or_else(|error| error.to_string(), |_| "ok".into());
                    wrong.push(format!("{}: {found}, not {expected}", hostile.name));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    });
}

/// `cargo test --release -p template --test hostile -- --ignored --nocapture`
#[test]
#[ignore = "prints times: cargo test --release -p template --test hostile -- --ignored --nocapture"]
fn time_of_each() {
    on_small_stack(|| {
        let mut slowest = (0, String::new());
        // They are made when first used.
        documents();
        for hostile in table() {
            let before = cpu_time();
            let (result, spent) = outcome(&hostile, BodyFormat::Text);
            let took = (cpu_time() - before) / 1000;
            let code = result.map_or_else(|error| error.code(), |_| "ok");
            println!(
                "{:>7} µs {:>8} steps {:>9} bytes {code:<24} {}",
                took, spent.steps, spent.memory, hostile.name
            );
            if took > slowest.0 {
                slowest = (took, hostile.name.clone());
            }
        }
        println!("slowest: {} µs, {}", slowest.0, slowest.1);
        assert!(slowest.0 < 100_000, "{slowest:?}");
    });
}
