//! The simulation: many seeds, and the breaks it must catch.
//!
//! `SIM_SEEDS=1000000 cargo test --release -p tests --test simulation` is the long form;
//! `SIM_SEED=n` runs one seed and prints what happened.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::env;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use tests::sim::{Break, Faults, simulate, simulate_broken};

fn number(variable: &str) -> Option<u64> {
    env::var(variable)
        .ok()
        .map(|text| text.parse().expect("a number"))
}

#[test]
fn invariants_hold_in_every_simulated_world() {
    if let Some(seed) = number("SIM_SEED") {
        let report = simulate(seed);
        println!("{}", report.trace.join("\n"));
        println!(
            "{} calls; faults: {:#?}",
            report.calls, report.faults.counts
        );
        println!("{:#?}", report.violations);
        assert!(report.violations.is_empty());
        return;
    }
    let seeds = number("SIM_SEEDS").unwrap_or(20_000);
    let next = AtomicU64::new(0);
    let total = Mutex::new((Faults::default(), 0, 0, Vec::new()));
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    let report = simulate(seed);
                    let mut total = total.lock().unwrap();
                    total.0.add(&report.faults);
                    total.1 += report.calls;
                    total.2 += report.deliveries;
                    if !report.violations.is_empty() {
                        total.3.push((seed, report.violations));
                    }
                }
            });
        }
    });
    let (faults, calls, deliveries, mut failures) = total.into_inner().unwrap();
    println!(
        "{seeds} worlds, {deliveries} visits, {calls} calls; faults: {:#?}",
        faults.counts
    );
    let mut kinds = std::collections::BTreeMap::<String, (u64, u64)>::new();
    for (seed, violations) in &failures {
        let words = violations[0]
            .split_whitespace()
            .filter(|w| !w.contains(|c: char| c.is_ascii_digit()));
        let kind = kinds
            .entry(words.collect::<Vec<_>>().join(" "))
            .or_insert((0, *seed));
        kind.0 += 1;
    }
    println!("{kinds:#?}");
    failures.sort_by_key(|(_, violations)| violations.len());
    if let Some((seed, violations)) = failures.first() {
        panic!(
            "{} of {seeds} seeds fail; replay one: SIM_SEED={seed} cargo test -p tests --test simulation -- --nocapture\n{}",
            failures.len(),
            violations.join("\n")
        );
    }
    for fault in [
        "crash",
        "acknowledgement lost",
        "fault before an effect",
        "message delivered twice",
        "conditional write refused",
        "receiver answers late",
        "producer sends twice",
        "dead-lettered",
        "delete lost",
    ] {
        assert!(
            faults.counts.get(fault).is_some_and(|count| *count > 100),
            "{fault} hardly happened"
        );
    }
}

#[test]
fn every_deliberate_break_is_caught() {
    let mut missed = Vec::new();
    for broken in Break::ALL {
        let caught = (0..3000).find_map(|seed| {
            let report = simulate_broken(seed, Some(broken));
            report
                .violations
                .first()
                .map(|violation| (seed, violation.clone()))
        });
        match caught {
            Some((seed, violation)) => println!("{broken:?}: seed {seed}: {violation}"),
            None => missed.push(broken),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}
