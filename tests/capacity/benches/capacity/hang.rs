//! One stage with more files than can be delivered, some of whose calls hang until their timeout.

use std::time::Duration;

use capacity::{Count, Load, Mapping, Plan, Receiver, Stage};

use crate::Form;
use crate::table::{Table, figure};

/// By then all places are in use, and the first batches have met calls that hang.
const FROM: Duration = Duration::from_secs(60);

/// The share of the calls that hang, the most messages of a batch, and the stage's timeout in seconds.
const CASES: [(f64, usize, u64); 9] = [
    (0.0, 10, 30),
    (0.001, 10, 30),
    (0.01, 10, 30),
    (0.01, 5, 30),
    (0.01, 1, 30),
    (0.01, 10, 10),
    (0.01, 10, 3),
    (0.05, 10, 30),
    (1.0, 10, 30),
];

/// Places of the slow lane beside the default.
const SLOW_PLACES: usize = 50;

pub(crate) fn run(form: Form) -> Table {
    let lasts = match form {
        Form::Short => FROM * 3,
        Form::Long => FROM * 6,
    };
    let mut table = Table::new(
        "hang: one stage, always something to do, receivers answer in 200 ms, some calls hang until their timeout; \
         delivered/s",
        &[
            "calls that hang",
            "batch",
            "timeout",
            "as it was",
            "place freed by each call",
            "now",
            "now, 50 slow places",
        ],
    );
    for (share, batch, timeout) in CASES {
        let mut row = vec![
            format!("{} %", share * 100.0),
            batch.to_string(),
            format!("{timeout} s"),
        ];
        for plan in plans(share, batch, timeout, lasts) {
            let run = capacity::run(&plan).unwrap();
            assert_eq!(run.dead_letters(), 0, "the model lost messages");
            row.push(figure(run.rate(0, Count::Delivered, FROM..lasts)));
        }
        table.row(row);
    }
    table
}

fn plans(share: f64, batch: usize, timeout: u64, lasts: Duration) -> [Plan; 4] {
    let mut stage = Stage::new(Receiver::hanging(share), Load::saturating(1_000));
    stage.settings.insert("timeout".to_owned(), timeout.into());
    let of = |mapping: Mapping| Mapping { batch, ..mapping };
    let now = Plan {
        fast: of(Mapping::of_the_template()),
        slow: Some(of(Mapping::of_the_slow_lane())),
        ..Plan::new(vec![stage], lasts)
    };
    let was = now.clone().as_it_was();
    let freed = Plan {
        fast: Mapping::of_the_template().freed_by_each_call(),
        ..was.clone()
    };
    let wide = Mapping {
        places: SLOW_PLACES,
        ..of(Mapping::of_the_slow_lane())
    };
    let wide = Plan {
        slow: Some(wide),
        ..now.clone()
    };
    [was, freed, now, wide]
}
