//! The table of what the scenarios found.

use std::fs;

use crate::row::Row;

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

/// Takes in the rows of another run of the same scenario.
pub(crate) fn add(rows: &mut Vec<Row>, again: Vec<Row>) {
    for row in again {
        let same =
            |known: &&mut Row| (&known.scenario, &known.measure) == (&row.scenario, &row.measure);
        match rows.iter_mut().find(same) {
            Some(known) => known.add(row),
            None => rows.push(row),
        }
    }
}

pub(crate) fn print(rows: &[Row]) {
    let cells: Vec<[String; 4]> = rows.iter().map(cells).collect();
    let wide = |column: usize| {
        cells
            .iter()
            .map(|cells| cells[column].chars().count())
            .max()
    };
    let [first, second, third] = [0, 1, 2].map(|column| wide(column).unwrap_or(0));
    println!();
    println!(
        "{:first$}  {:second$}  {:third$}  TARGET",
        "SCENARIO", "MEASURE", "VALUE"
    );
    let mut last = "";
    for [scenario, measure, value, target] in &cells {
        let shown = if scenario == last { "" } else { scenario };
        let line = format!("{shown:first$}  {measure:second$}  {value:third$}  {target}");
        println!("{}", line.trim_end());
        last = scenario;
    }
    let broken = rows.iter().filter(|row| row.broken).count();
    println!();
    if broken == 0 {
        println!("No id lost, no call doubled, no attempt missing, every file where it must be.");
    } else {
        println!("{broken} promises broken.");
    }
}

fn cells(row: &Row) -> [String; 4] {
    let mark = if row.broken { "  BROKEN" } else { "" };
    let scenario = row.scenario.clone();
    let target = format!("{}{mark}", row.target());
    [scenario, row.measure.clone(), row.value(), target]
}
