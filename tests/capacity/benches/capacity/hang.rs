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
    let mapping = Mapping::of_the_template();
    let mut table = Table::new(
        "hang: one stage, always something to do, receivers answer in 200 ms, some calls hang for 30 s",
        &[
            "calls that hang",
            "calls/s",
            "delivered/s",
            "calls/s, place freed by each call",
            "delivered/s",
        ],
    );
    for share in SHARES {
        let mut row = vec![format!("{:.0} %", share * 100.0)];
        for mapping in [mapping, mapping.freed_by_each_call()] {
            let (calls, delivered) = rates(share, mapping, form);
            row.extend([figure(calls), figure(delivered)]);
        }
        table.row(row);
    }
    table
}

fn rates(share: f64, mapping: Mapping, form: Form) -> (f64, f64) {
    let until = match form {
        Form::Short => FROM * 3,
        Form::Long => FROM * 6,
    };
    let load = Load::saturating(1_000);
    let plan = Plan {
        stages: vec![Stage::new(Receiver::hanging(share), load)],
        mapping,
        lasts: until,
    };
    let run = capacity::run(&plan).unwrap();
    assert_eq!(run.dead_letters(), 0, "the model lost messages");
    let rate = |what| run.rate(0, what, FROM..until);
    (rate(Count::Attempts), rate(Count::Delivered))
}
