//! Twenty stages at full load, one of which begins to hang on every call.

use std::time::Duration;

use capacity::{Count, Load, Plan, Receiver, Run, Stage, Trouble};

use crate::Form;
use crate::table::{Table, figure};

/// The healthy stages.
const HEALTHY: usize = 19;

/// What each of them has to do at any time, in files.
const BACKLOG: usize = 100;

/// What arrives in the twentieth, which is about its share of what all deliver.
const A_SECOND: u32 = 70;

const HANGS_AT: Duration = Duration::from_secs(60);

/// The healthy ones are measured from a minute later on.
const FROM: Duration = Duration::from_secs(120);

pub(crate) fn run(form: Form) -> Table {
    let lasts = match form {
        Form::Short => FROM + Duration::from_secs(120),
        Form::Long => FROM + Duration::from_secs(1_200),
    };
    let alone = simulate(&plan(false, lasts));
    let was = simulate(&plan(true, lasts).as_it_was());
    let now = simulate(&plan(true, lasts));
    let mut table = Table::new(
        "neighbours: 20 stages at full load, one hangs on every call from 60 s on; the other 19's deliveries a second",
        &[
            "",
            "60 s to 120 s",
            "from 120 s on",
            "of their rate alone",
            "calls that hung",
        ],
    );
    let rate = |run: &Run, when: std::ops::Range<Duration>| -> f64 {
        (0..HEALTHY)
            .map(|stage| run.rate(stage, Count::Delivered, when.clone()))
            .sum()
    };
    let full = rate(&alone, FROM..lasts);
    for (name, run) in [("alone", &alone), ("as it was", &was), ("now", &now)] {
        let later = rate(run, FROM..lasts);
        let hung = run.total(HEALTHY, Count::Calls) as f64
            - run.rate(HEALTHY, Count::Calls, Duration::ZERO..HANGS_AT) * HANGS_AT.as_secs_f64();
        table.row(vec![
            name.to_owned(),
            figure(rate(run, HANGS_AT..FROM)),
            figure(later),
            format!("{:.0} %", later / full * 100.0),
            figure(hung),
        ]);
    }
    let kept = rate(&now, FROM..lasts) / full;
    table.target(
        "the healthy stages keep at least 90 % of their rate",
        kept >= 0.9,
    );
    table
}

fn plan(has_bad: bool, lasts: Duration) -> Plan {
    let healthy = Stage::new(Receiver::healthy(), Load::saturating(BACKLOG));
    let mut stages = vec![healthy; HEALTHY];
    if has_bad {
        let receiver = Receiver::healthy().with(HANGS_AT..Duration::MAX, Trouble::Hangs);
        stages.push(Stage::new(receiver, Load::a_second(A_SECOND)));
    }
    Plan::new(stages, lasts)
}

fn simulate(plan: &Plan) -> Run {
    let run = capacity::run(plan).unwrap();
    assert_eq!(run.dead_letters(), 0, "the model lost messages");
    run
}
