//! What hostile templates hold at most. One test, because the peak is the whole process's.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;
#[path = "hostile/table.rs"]
mod table;

use template::{Body, BodyFormat, Condition};

/// Highest resident memory so far, in KiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn memory_stays_small() {
    table::documents();
    let before = peak();
    let mut most = (0, String::new());
    for hostile in table::table() {
        let context = &table::documents()[hostile.document];
        let peak_before = peak();
        if hostile.condition {
            let _ = Condition::parse(&hostile.template).map(|condition| condition.holds(context));
        } else {
            for format in [BodyFormat::Text, BodyFormat::Json] {
                let _ = Body::parse(&hostile.template, format).map(|body| body.render(context));
            }
        }
        let grown = peak() - peak_before;
        if grown > most.0 {
            most = (grown, format!("{} ({})", hostile.name, hostile.code));
        }
    }
    let grown = (peak() - before) / 1024;
    println!("peak memory grew by {grown} MiB over {} MiB", before / 1024);
    println!("most by {} KiB: {}", most.0, most.1);
    assert!(grown < 32, "peak memory grew by {grown} MiB: {most:?}");
}
