//! The simulation: many seeds, and the breaks it must catch.
//!
//! `SIM_SEEDS=1000000 cargo test --release -p simulation --test worlds` is the long form;
//! `SIM_SEED=n` runs one seed and prints what happened, in full and in the shortest trace found;
//! `SIM_BREAK=<name>` breaks it as the test of the tests does, `SIM_AUDITED=1` lets an audit come.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::env;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use simulation::{Break, Faults, Report, Variant, shortest, simulate, traced};

/// Faults that must have happened often, or the worlds would be too calm to prove anything.
const EXPECTED: [&str; 46] = [
    "acknowledgement lost",
    "audit sends a message again",
    "breaker closed by hand",
    "breaker closes",
    "breaker half-open",
    "breaker opens",
    "condition cannot be told",
    "condition does not hold",
    "control record's write refused",
    "patience is used up",
    "put off by a pause",
    "put off by the breaker",
    "put off by the rate",
    "receiver aborts",
    "receiver goes down",
    "receiver has its stage paused",
    "receiver recovers",
    "stage paused",
    "stage resumed",
    "stage turns slow",
    "stale control record",
    "times reserved",
    "clock more than a second off",
    "comes back sooner",
    "conditional write refused",
    "crash",
    "dead letter redriven",
    "dead letter redriven again",
    "dead-lettered",
    "delete lost",
    "document lost within the call",
    "fault before an effect",
    "invocation timed out",
    "leg of a long wait",
    "message delivered twice",
    "one worker stands still",
    "producer sends twice",
    "receiver answers late",
    "receiver asks to be left alone",
    "received out of order",
    "receiver refuses the connection",
    "sent anew",
    "stale list read",
    "standstill beyond the lease",
    "two senders on one file",
    "two workers on one file",
];

fn number(variable: &str) -> Option<u64> {
    env::var(variable)
        .ok()
        .map(|text| text.parse().expect("a number"))
}

/// What the environment asks for; the product as it is, where that says nothing.
fn variant() -> Variant {
    let broken = env::var("SIM_BREAK").ok();
    Variant {
        broken: broken.map(|name| Break::named(&name).expect("the name of a break")),
        is_audited: number("SIM_AUDITED").is_some_and(|number| number > 0),
        is_throttled: false,
    }
}

/// How to see a world again.
fn command(seed: u64, variant: Variant) -> String {
    let broken = variant.broken;
    let broken = broken.map_or_else(String::new, |broken| format!("SIM_BREAK={broken:?} "));
    let audited = if variant.is_audited {
        "SIM_AUDITED=1 "
    } else {
        ""
    };
    format!(
        "SIM_SEED={seed} {broken}{audited}cargo test -p simulation --test worlds invariants -- --nocapture"
    )
}

fn tell(report: &Report, variant: Variant) {
    println!("{}", traced(report, variant).trace.join("\n"));
    for violation in &report.violations {
        println!("{violation}");
    }
}

/// The shortest trace found of a world that breaks an invariant.
fn fail(seed: u64, report: Report, variant: Variant, what: &str) -> ! {
    let first = report.violations[0].invariant;
    println!("\nThe shortest trace found of seed {seed}:");
    tell(&shortest(report, variant, first, 20_000), variant);
    panic!("{what}; replay one: {}", command(seed, variant));
}

/// One world, in full and in short.
fn replay(seed: u64, variant: Variant) {
    let report = simulate(seed, variant);
    tell(&report, variant);
    println!(
        "{} calls; faults: {:#?}",
        report.calls, report.faults.counts
    );
    if !report.violations.is_empty() {
        fail(seed, report, variant, "an invariant is broken");
    }
}

#[derive(Default)]
struct Total {
    faults: Faults,
    calls: usize,
    deliveries: usize,
    /// The first seeds that failed.
    failed: Vec<(u64, Report)>,
    failures: usize,
}

fn run_all(seeds: u64, variant: Variant) -> Total {
    let next = AtomicU64::new(0);
    let total = Mutex::new(Total::default());
    std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(2, usize::from);
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    let report = simulate(seed, variant);
                    let mut total = total.lock().unwrap();
                    total.faults.add(&report.faults);
                    total.calls += report.calls;
                    total.deliveries += report.deliveries;
                    if !report.violations.is_empty() {
                        total.failures += 1;
                        if total.failed.len() < 50 {
                            total.failed.push((seed, report));
                        }
                    }
                }
            });
        }
    });
    total.into_inner().unwrap()
}

#[test]
fn invariants_hold_in_every_simulated_world() {
    let variant = variant();
    if let Some(seed) = number("SIM_SEED") {
        return replay(seed, variant);
    }
    let seeds = number("SIM_SEEDS").unwrap_or(20_000);
    let mut total = run_all(seeds, variant);
    println!(
        "{seeds} worlds, {} deliveries, {} calls; faults: {:#?}",
        total.deliveries, total.calls, total.faults.counts
    );
    total.failed.sort_by_key(|(_, report)| report.steps);
    if let Some((seed, report)) = total.failed.into_iter().next() {
        let what = format!("{} of {seeds} seeds fail", total.failures);
        fail(seed, report, variant, &what);
    }
    for fault in EXPECTED {
        let count = total.faults.counts.get(fault).copied().unwrap_or(0);
        assert!(
            count * 400 > seeds.min(20_000),
            "{fault} hardly happened: {count}"
        );
    }
}

/// Files whose message a queue has lost come to rest all the same.
#[test]
fn an_audit_brings_on_what_a_queue_has_lost() {
    for broken in [Break::LosesDeliveries, Break::LosesAssignments] {
        let variant = Variant {
            broken: Some(broken),
            is_audited: true,
            is_throttled: false,
        };
        let total = run_all(2_000, variant);
        if let Some((seed, report)) = total.failed.into_iter().next() {
            fail(seed, report, variant, "an invariant is broken");
        }
    }
}

/// Engine failures are not the messages' fault: they must not turn a message into a dead letter.
#[test]
fn an_hour_of_throttling_makes_no_dead_letter() {
    let variant = Variant {
        is_throttled: true,
        ..Variant::default()
    };
    let total = run_all(500, variant);
    if let Some((seed, report)) = total.failed.into_iter().next() {
        fail(seed, report, variant, "an invariant is broken");
    }
    let count = |fault| total.faults.counts.get(fault).copied().unwrap_or(0);
    assert!(count("sent anew") > 5_000, "{}", count("sent anew"));
    assert_eq!(count("dead-lettered"), 0);
}

#[test]
fn every_deliberate_break_is_caught() {
    let mut missed = Vec::new();
    for broken in Break::ALL {
        let variant = Variant {
            broken: Some(broken),
            is_audited: false,
            is_throttled: false,
        };
        let invariant = broken.invariant();
        let caught = (0..3000).find_map(|seed| {
            let report = simulate(seed, variant);
            report.breaks(invariant).then_some((seed, report))
        });
        let Some((seed, report)) = caught else {
            missed.push((broken, invariant));
            continue;
        };
        let short = shortest(report, variant, invariant, 400);
        let mut violations = short.violations.iter();
        let violation = violations.find(|v| v.invariant == invariant).unwrap();
        let steps = short.steps;
        println!("{broken:?}: seed {seed}, {steps} steps: {violation}");
    }
    assert!(missed.is_empty(), "not caught as what they are: {missed:?}");
}
