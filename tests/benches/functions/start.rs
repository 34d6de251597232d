//! From the start of a function's program to its first request for an event, beside the least that a function can be.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::callgrind::Callgrind;
use crate::endpoint::Endpoint;
use crate::function::Function;
use crate::programs;
use crate::template;

const RUNS: usize = 20;

/// A function, and how many times that of `hello` its start may be.
const FUNCTIONS: [(&str, f64); 4] = [
    ("hello", 1.0),
    ("authorizer", 1.2),
    ("dispatcher", 2.0),
    ("sender", 2.0),
];

/// Prints all, and says which are over their limits by instructions. The time by the clock is another machine's
/// on another day.
pub fn compare() -> Vec<String> {
    // Packages that are built together share what any of them wants of a dependency.
    for alone in ["hello", "authorizer"] {
        programs::built(&[alone]);
    }
    let directory = programs::pipeline();
    let programs = FUNCTIONS.map(|(name, _)| directory.join(name));
    let endpoint = Endpoint::start();
    let mut times = FUNCTIONS.map(|_| Vec::new());
    for _ in 0..RUNS {
        for (times, program) in times.iter_mut().zip(&programs) {
            times.push(time(program, &endpoint));
        }
    }
    let medians = times.map(|mut times| {
        times.sort();
        times[RUNS / 2]
    });
    let counts = programs.each_ref().map(|it| instructions(it, &endpoint));
    let mut over = Vec::new();
    for (index, (name, most)) in FUNCTIONS.into_iter().enumerate() {
        let times = medians[index].as_secs_f64() / medians[0].as_secs_f64();
        let counted = counts[index] as f64 / counts[0] as f64;
        println!(
            "start of {name:10} {:6.2} ms, {times:5.2} of hello's; {:6.2} million instructions, {counted:5.2} of hello's (at most {most:.1})",
            medians[index].as_secs_f64() * 1e3,
            counts[index] as f64 / 1e6,
        );
        if counted > most {
            over.push(format!(
                "{name}: {counted:.2} of hello's, at most {most:.1}"
            ));
        }
    }
    over
}

fn time(program: &Path, endpoint: &Endpoint) -> Duration {
    let polled = endpoint.poll();
    let started = Instant::now();
    let function = Function::start(&[], program, &template::defaults(), endpoint);
    let polled = polled.recv().unwrap();
    drop(function);
    polled - started
}

fn instructions(program: &Path, endpoint: &Endpoint) -> u64 {
    let callgrind = Callgrind::new();
    let polled = endpoint.poll();
    let words = callgrind.words();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let function = Function::start(&words, program, &template::defaults(), endpoint);
    polled.recv().unwrap();
    function.end();
    callgrind.total()
}
