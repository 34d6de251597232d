//! From the start of a function's program to its first request for an event, beside the least that a function can be.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::callgrind::Callgrind;
use crate::endpoint::Endpoint;
use crate::function::Function;
use crate::programs;
use crate::template;

const RUNS: usize = 20;

/// A function, how many times as long as `hello` it shall take to start, and the most instructions it may need, in
/// millions.
const FUNCTIONS: [(&str, f64, f64); 4] = [
    ("hello", 1.0, 0.6),
    ("authorizer", 1.2, 0.6),
    ("dispatcher", 2.0, 2.7),
    ("sender", 2.0, 4.1),
];

/// Prints all, and says which need more instructions than they may. How long they take depends on what else the machine
/// does.
pub fn compare() -> Vec<String> {
    // Packages that are built together share what any of them wants of a dependency.
    for alone in ["hello", "authorizer"] {
        programs::built(&[alone]);
    }
    let directory = programs::pipeline();
    let programs = FUNCTIONS.map(|(name, ..)| directory.join(name));
    let endpoint = Endpoint::start();
    let mut times = FUNCTIONS.map(|_| Vec::new());
    for _ in 0..RUNS {
        for (times, program) in times.iter_mut().zip(&programs) {
            times.push(time(program, &endpoint));
        }
    }
    let medians = times.map(|mut times| {
        times.sort();
        times[RUNS / 2].as_secs_f64()
    });
    let counts = programs
        .each_ref()
        .map(|program| instructions(program, &endpoint) as f64 / 1e6);
    let mut over = Vec::new();
    for (index, (name, target, most)) in FUNCTIONS.into_iter().enumerate() {
        let (took, counted) = (medians[index], counts[index]);
        println!(
            "start of {name:10} {:6.2} ms, {:5.2} of hello's (target {target:.1}); {counted:6.2} million instructions, {:5.2} of hello's",
            took * 1e3,
            took / medians[0],
            counted / counts[0],
        );
        if counted > most {
            over.push(format!(
                "{name} starts with {counted:.2} million instructions, at most {most:.1}"
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
