//! What the scenarios found, and the table of it.

use std::fmt::Display;
use std::fs;

use serde::{Deserialize, Serialize};

/// A line of the table.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    scenario: String,
    measure: String,
    value: String,
    /// A promise was broken.
    pub(crate) broken: bool,
}

impl Row {
    pub(crate) fn figure(scenario: &str, measure: impl Display, value: impl Display) -> Self {
        Self {
            scenario: scenario.to_owned(),
            measure: measure.to_string(),
            value: value.to_string(),
            broken: false,
        }
    }

    /// A promise and whether it was kept.
    pub(crate) fn if_broken(
        broken: bool,
        scenario: &str,
        measure: impl Display,
        value: impl Display,
    ) -> Self {
        Self {
            broken,
            ..Self::figure(scenario, measure, value)
        }
    }

    pub(crate) fn broken(scenario: &str, measure: impl Display, value: impl Display) -> Self {
        Self::if_broken(true, scenario, measure, value)
    }
}

/// From a scenario's process to the one that prints.
pub(crate) fn hand_over(rows: &[Row]) {
    println!("{}", serde_json::to_string(rows).unwrap());
}

pub(crate) fn take_over(json: &[u8]) -> Vec<Row> {
    serde_json::from_slice(json).unwrap()
}

/// Figures are worth nothing without the load they were measured under.
pub(crate) fn machine() -> Row {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    Row::figure(
        "machine",
        "cores; load average before",
        format!("{cores}; {load}"),
    )
}

pub(crate) fn print(rows: &[Row]) {
    let wide = |text: fn(&Row) -> &String| rows.iter().map(|row| text(row).chars().count()).max();
    let (first, second) = (
        wide(|row| &row.scenario).unwrap_or(0),
        wide(|row| &row.measure).unwrap_or(0),
    );
    println!();
    println!("{:first$}  {:second$}  VALUE", "SCENARIO", "MEASURE");
    let mut last = "";
    for row in rows {
        let scenario = if row.scenario == last {
            ""
        } else {
            &row.scenario
        };
        let mark = if row.broken { "  BROKEN" } else { "" };
        println!(
            "{scenario:first$}  {:second$}  {}{mark}",
            row.measure, row.value
        );
        last = &row.scenario;
    }
    let broken = rows.iter().filter(|row| row.broken).count();
    println!();
    if broken == 0 {
        println!("No id lost, no call doubled, no attempt missing, every file where it must be.");
    } else {
        println!("{broken} promises broken.");
    }
}
