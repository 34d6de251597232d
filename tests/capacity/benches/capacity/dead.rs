//! A stage whose receiver hangs on every call, with 100,000 files to deliver, beside a healthy one with 50 a second.

use std::time::Duration;

use capacity::{Count, Load, Plan, Receiver, Run, Stage};

use crate::Form;
use crate::table::{Table, figure};

const A_SECOND: u32 = 50;

/// For how long files arrive in the healthy stage.
const ARRIVE: Duration = Duration::from_secs(900);

/// How long after the outage begins the healthy stage's files are counted.
const FROM: Duration = Duration::from_secs(60);

const HEALTHY: usize = 0;
const DEAD: usize = 1;

pub(crate) fn run(form: Form) -> Table {
    let files = match form {
        Form::Short => 100_000,
        Form::Long => 300_000,
    };
    // Until all have failed, which took ten hours for 100,000.
    let hours = |hours| Duration::from_secs(3_600) * hours;
    let was = hours(12) * u32::try_from(files / 100_000).unwrap();
    let alone = simulate(Plan::new(stages(0), ARRIVE + FROM));
    let was = simulate(Plan::new(stages(files), was).as_it_was());
    let now = simulate(Plan::new(stages(files), hours(2)));
    let mut table = Table::new(
        format!(
            "dead: a receiver hangs on every call, {} files, beside a healthy one at {A_SECOND}/s for 900 s",
            figure(files as f64),
        ),
        &["", "the healthy one alone", "as it was", "now"],
    );
    let runs = [&alone, &was, &now];
    let mut row = |name: &str, cell: &dyn Fn(&Run) -> String| {
        let mut row = vec![name.to_owned()];
        row.extend(runs.map(cell));
        table.row(row);
    };
    row("healthy: lag p50", &|run| lag(run, 0.5));
    row("healthy: lag p99", &|run| lag(run, 0.99));
    row("healthy: longest lag", &|run| lag(run, 1.0));
    row("healthy: delivered within 900 s", &|run| {
        figure(run.rate(HEALTHY, Count::Delivered, Duration::ZERO..ARRIVE) * ARRIVE.as_secs_f64())
    });
    for (name, what) in [
        ("dead: calls", Count::Calls),
        ("dead: failed", Count::Failed),
        ("dead: put off", Count::PutOff),
        ("dead: times the breaker opened", Count::Opened),
        ("dead: messages sent", Count::Messages),
        ("dead: messages received", Count::Receives),
        ("dead: control reads", Count::ControlReads),
        ("dead: control writes", Count::ControlWrites),
    ] {
        row(name, &|run| figure(run.total(DEAD, what) as f64));
    }
    row("dead: hours until all have failed", &|run| {
        let left = run.all_left(DEAD, Duration::ZERO..ARRIVE);
        left.map_or("never".to_owned(), |left| {
            format!("{:.1}", left.as_secs_f64() / 3_600.0)
        })
    });
    // The healthy stage pays for its files what they cost when it is alone.
    let a_file = alone.billed().as_secs_f64() / alone.total(HEALTHY, Count::Delivered) as f64;
    let extra = |run: &Run| {
        run.billed().as_secs_f64() - run.total(HEALTHY, Count::Delivered) as f64 * a_file
    };
    row("dead: Lambda-seconds", &|run| figure(extra(run)));
    row("dead: DynamoDB reads", &|run| {
        figure(run.total(DEAD, Count::Reads) as f64)
    });
    row("dead: DynamoDB writes", &|run| {
        figure(run.total(DEAD, Count::Writes) as f64)
    });
    row("dead: price of a million files", &|run| {
        let price = run.price(DEAD, extra(run)) * 1e6 / files as f64;
        format!("${price:.0}")
    });
    table.note("lag: from arrival to the first call");
    let p99 = now.lags(HEALTHY, FROM..ARRIVE).at(0.99);
    table.target(
        "the healthy stage's p99 lag is at most 2 s",
        p99.is_some_and(|lag| lag <= Duration::from_secs(2)),
    );
    let share = extra(&now) / extra(&was) * 100.0;
    table.target(
        format!("the dead stage costs at most 2 % of Lambda's time that it did: {share:.2} %"),
        share <= 2.0,
    );
    table
}

fn stages(dead: usize) -> Vec<Stage> {
    let load = Load::a_second(A_SECOND).until(ARRIVE);
    let mut stages = vec![Stage::new(Receiver::healthy(), load)];
    if dead > 0 {
        stages.push(Stage::new(Receiver::hanging(1.0), Load::backlog(dead)));
    }
    stages
}

fn simulate(plan: Plan) -> Run {
    let run = capacity::run(&plan).unwrap();
    assert_eq!(run.dead_letters(), 0, "the model lost messages");
    run
}

fn lag(run: &Run, share: f64) -> String {
    let lags = run.lags(HEALTHY, FROM..ARRIVE);
    let Some(lag) = lags.at(share) else {
        return "–".to_owned();
    };
    let mark = if lags.still_wait > 0 { "> " } else { "" };
    format!("{mark}{:.1} s", lag.as_secs_f64())
}
