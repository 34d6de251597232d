//! A stage whose receiver hangs on every call, with 100,000 files to deliver, beside a healthy one with 50 a second.

use std::time::Duration;

use capacity::{Count, Load, Mapping, Plan, Receiver, Run, Stage};

use crate::Form;
use crate::table::{Table, figure};

const FILES: usize = 100_000;
const A_SECOND: u32 = 50;

/// How long after the outage begins the healthy stage's files are counted.
const FROM: Duration = Duration::from_secs(60);

/// Files that arrive this long before the end are not counted, because there was no time to call.
const LAST: Duration = Duration::from_secs(30);

const HEALTHY: usize = 0;
const DEAD: usize = 1;

pub(crate) fn run(form: Form) -> Table {
    let lasts = match form {
        Form::Short => Duration::from_secs(900),
        Form::Long => Duration::from_secs(7_200),
    };
    let alone = simulate(false, lasts);
    let beside = simulate(true, lasts);
    let mut table = Table::new(
        format!(
            "dead: a receiver hangs on every call, {} files, beside a healthy one at {A_SECOND}/s; {} s",
            figure(FILES as f64),
            lasts.as_secs()
        ),
        &["", "the healthy one alone", "as it was"],
    );
    let runs = [&alone, &beside];
    let lag = |share| runs.map(|run| lag(run, lasts, share));
    let row = |name: &str, cells: [String; 2]| {
        let mut row = vec![name.to_owned()];
        row.extend(cells);
        row
    };
    table.row(row("healthy: lag p50", lag(0.5)));
    table.row(row("healthy: lag p99", lag(0.99)));
    let delivered = |run: &Run| figure(run.total(HEALTHY, Count::Delivered) as f64);
    table.row(row("healthy: delivered", runs.map(delivered)));
    let calls = |run: &Run| figure(run.total(DEAD, Count::Calls) as f64);
    table.row(row("dead: calls", runs.map(calls)));
    // The healthy stage pays for its files what they cost when it is alone.
    let a_file = alone.billed().as_secs_f64() / alone.total(HEALTHY, Count::Delivered) as f64;
    let own = |run: &Run| run.total(HEALTHY, Count::Delivered) as f64 * a_file;
    let extra = |run: &Run| figure(run.billed().as_secs_f64() - own(run));
    table.row(row("dead: Lambda-seconds", runs.map(extra)));
    table.note("lag: from arrival to the first call; with >, some still waited at the end, and count with their time until then");
    table
}

fn simulate(has_dead: bool, lasts: Duration) -> Run {
    let mut stages = vec![Stage::new(Receiver::healthy(), Load::a_second(A_SECOND))];
    if has_dead {
        stages.push(Stage::new(Receiver::hanging(1.0), Load::backlog(FILES)));
    }
    let plan = Plan {
        stages,
        mapping: Mapping::of_the_template(),
        lasts,
    };
    let run = capacity::run(&plan).unwrap();
    assert_eq!(run.dead_letters(), 0, "the model lost messages");
    run
}

fn lag(run: &Run, lasts: Duration, share: f64) -> String {
    let lags = run.lags(HEALTHY, FROM..lasts - LAST);
    let Some(lag) = lags.at(share) else {
        return "–".to_owned();
    };
    let mark = if lags.still_wait > 0 { "> " } else { "" };
    format!("{mark}{:.1} s", lag.as_secs_f64())
}
