//! Twenty stages at full load, one of which begins to hang on every call.

use std::ops::Range;
use std::time::Duration;

use capacity::{Count, Load, Plan, Receiver, Run, Stage, Trouble};

use crate::Form;
use crate::table::{Table, figure};

/// The healthy stages.
const HEALTHY: usize = 19;

/// What each of them has to do at any time, in files.
const BACKLOG: usize = 100;

/// What arrives a second in the twentieth: about its share of what all deliver, and less, of which each process sees
/// little.
const A_SECOND: [u32; 3] = [70, 5, 1];

const HANGS_AT: Duration = Duration::from_secs(60);

/// The healthy ones are measured from a minute later on.
const FROM: Duration = Duration::from_secs(120);

pub(crate) fn run(form: Form) -> Table {
    let lasts = match form {
        Form::Short => FROM + Duration::from_secs(120),
        Form::Long => FROM + Duration::from_secs(1_200),
    };
    let mut table = Table::new(
        "neighbours: 20 stages at full load, one hangs on every call from 60 s on; the other 19's deliveries a second",
        &[
            "files/s of that one",
            "",
            "60 s to 120 s",
            "from 120 s on",
            "of their rate alone",
            "calls that hung",
            "put off",
            "control writes",
        ],
    );
    let alone = simulate(&plan(None, lasts));
    let full = rate(&alone, FROM..lasts);
    table.row(row("0", "alone", &alone, full, lasts));
    let mut kept = f64::INFINITY;
    for a_second in A_SECOND {
        let plan = plan(Some(a_second), lasts);
        let now = simulate(&plan);
        kept = kept.min(rate(&now, FROM..lasts) / full);
        let was = simulate(&plan.as_it_was());
        for (name, run) in [("as it was", &was), ("now", &now)] {
            table.row(row(&a_second.to_string(), name, run, full, lasts));
        }
    }
    table.target(
        "the healthy stages keep at least 90 % of their rate",
        kept >= 0.9,
    );
    table
}

/// What the healthy stages deliver a second.
fn rate(run: &Run, when: Range<Duration>) -> f64 {
    let rate = |stage| run.rate(stage, Count::Delivered, when.clone());
    (0..HEALTHY).map(rate).sum()
}

fn row(a_second: &str, name: &str, run: &Run, full: f64, lasts: Duration) -> Vec<String> {
    let later = rate(run, FROM..lasts);
    let before = run.rate(HEALTHY, Count::Calls, Duration::ZERO..HANGS_AT);
    let hung = run.total(HEALTHY, Count::Calls) as f64 - before * HANGS_AT.as_secs_f64();
    vec![
        a_second.to_owned(),
        name.to_owned(),
        figure(rate(run, HANGS_AT..FROM)),
        figure(later),
        format!("{:.0} %", later / full * 100.0),
        figure(hung),
        figure(run.total(HEALTHY, Count::PutOff) as f64),
        figure(run.total(HEALTHY, Count::ControlWrites) as f64),
    ]
}

fn plan(bad: Option<u32>, lasts: Duration) -> Plan {
    let healthy = Stage::new(Receiver::healthy(), Load::saturating(BACKLOG));
    let mut stages = vec![healthy; HEALTHY];
    if let Some(a_second) = bad {
        let receiver = Receiver::healthy().with(HANGS_AT..Duration::MAX, Trouble::Hangs);
        stages.push(Stage::new(receiver, Load::a_second(a_second)));
    }
    Plan::new(stages, lasts)
}

fn simulate(plan: &Plan) -> Run {
    let run = capacity::run(plan).unwrap();
    assert_eq!(run.dead_letters(), 0, "the model lost messages");
    run
}
