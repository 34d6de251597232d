//! One stage with more files than can be delivered, some of whose calls hang until their timeout.

use std::time::Duration;

use capacity::{Count, Load, Mapping, Plan, Receiver, Stage};

use crate::Form;
use crate::table::{Table, figure};

/// By then all places are in use, and the first batches have met calls that hang.
const FROM: Duration = Duration::from_secs(60);

/// Of the calls.
const SHARES: [f64; 4] = [0.0, 0.01, 0.05, 1.0];

pub(crate) fn run(form: Form) -> Table {
    let lasts = match form {
        Form::Short => FROM * 3,
        Form::Long => FROM * 6,
    };
    let mut table = Table::new(
        "hang: one stage, always something to do, receivers answer in 200 ms, some calls hang for 30 s",
        &[
            "calls that hang",
            "delivered/s as it was",
            "place freed by each call",
            "now",
            "now, 50 slow places",
            "control writes",
        ],
    );
    for share in SHARES {
        let stage = Stage::new(Receiver::hanging(share), Load::saturating(1_000));
        let now = Plan::new(vec![stage], lasts);
        let was = now.clone().as_it_was();
        let freed = Plan {
            fast: was.fast.freed_by_each_call(),
            ..was.clone()
        };
        let wide = Plan {
            slow: Some(Mapping::of_the_template()),
            ..now.clone()
        };
        let mut row = vec![format!("{:.0} %", share * 100.0)];
        let mut writes = 0;
        for plan in [was, freed, now, wide] {
            let run = capacity::run(&plan).unwrap();
            assert_eq!(run.dead_letters(), 0, "the model lost messages");
            row.push(figure(run.rate(0, Count::Delivered, FROM..lasts)));
            writes = run.total(0, Count::ControlWrites);
        }
        row.push(figure(writes as f64));
        table.row(row);
    }
    table
}
