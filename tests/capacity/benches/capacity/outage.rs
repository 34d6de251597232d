//! A receiver is down for 20 minutes and comes back, while files arrive.

use std::time::Duration;

use capacity::{Count, Load, Plan, Receiver, Run, Stage, Trouble};

use crate::Form;
use crate::table::{Table, figure};

const A_SECOND: u32 = 50;

/// What the fast lane delivers at most, by the scenario `hang`.
const FAST_RATE: u64 = 1_367;

const DOWN_AT: Duration = Duration::from_secs(60);

/// The longest outage for which something is promised, in seconds. A longer one ends the files' patience.
const PROMISED: u64 = 1_200;

/// How long all may take once the receiver is back.
const WITHIN: Duration = Duration::from_secs(300);

pub(crate) fn run(form: Form) -> Table {
    // The breaker's waits grow, so it matters when within one of them the receiver comes back.
    let outages: &[u64] = match form {
        Form::Short => &[1_200],
        Form::Long => &[
            60, 300, 900, 1_080, 1_100, 1_120, 1_140, 1_160, 1_180, 1_200, 1_800, 3_600,
        ],
    };
    let mut table = Table::new(
        format!(
            "outage: a receiver refuses connections for a time, {A_SECOND} files/s arrive meanwhile and later"
        ),
        &[
            "outage",
            "",
            "all delivered after",
            "failed",
            "calls meanwhile",
            "put off per file",
            "opened",
            "calls in 1st s",
            "most in 1 s",
            "messages per file",
            "control reads",
            "writes",
            "Lambda-s",
        ],
    );
    let (mut in_time, mut none_failed, mut gently) = (true, true, true);
    for seconds in outages {
        let back = DOWN_AT + Duration::from_secs(*seconds);
        let plan = plan(back);
        let was = simulate(&plan.clone().as_it_was());
        let now = simulate(&plan);
        for (name, run) in [("as it was", &was), ("now", &now)] {
            table.row(row(*seconds, name, run, back));
        }
        if *seconds > PROMISED {
            continue;
        }
        let left = now.all_left(0, DOWN_AT..back);
        in_time &= left.is_some_and(|left| left.saturating_sub(back) <= WITHIN);
        none_failed &= now.total(0, Count::Failed) == 0;
        let most = now.most_a_second(0, Count::Calls, back..back + WITHIN * 4);
        gently &= most <= 2 * FAST_RATE;
    }
    table.note("all delivered after: from when the receiver is back until the last file of before is delivered");
    table.target(
        "all files of the outage are delivered within 5 minutes",
        in_time,
    );
    table.target("none failed", none_failed);
    table.target("at most twice the fast rate in any second after it", gently);
    table
}

fn row(seconds: u64, name: &str, run: &Run, back: Duration) -> Vec<String> {
    let second = Duration::from_secs(1);
    let left = run.all_left(0, DOWN_AT..back);
    let left = left.map_or("never".to_owned(), |left| {
        format!("{:.0} s", left.saturating_sub(back).as_secs_f64())
    });
    let total = |what| run.total(0, what) as f64;
    let meanwhile = run.rate(0, Count::Calls, DOWN_AT..back) * seconds as f64;
    let waited = seconds as f64 * f64::from(A_SECOND);
    let most = run.most_a_second(0, Count::Calls, back..back + WITHIN * 4);
    let first = run.most_a_second(0, Count::Calls, back..back + second);
    vec![
        format!("{seconds} s"),
        name.to_owned(),
        left,
        figure(total(Count::Failed)),
        figure(meanwhile),
        format!("{:.1}", total(Count::PutOff) / waited),
        figure(total(Count::Opened)),
        figure(first as f64),
        figure(most as f64),
        format!("{:.1}", total(Count::Messages) / total(Count::Arrived)),
        figure(total(Count::ControlReads)),
        figure(total(Count::ControlWrites)),
        figure(run.billed().as_secs_f64()),
    ]
}

fn plan(back: Duration) -> Plan {
    let receiver = Receiver::healthy().with(DOWN_AT..back, Trouble::Down);
    let stage = Stage::new(receiver, Load::a_second(A_SECOND));
    Plan::new(vec![stage], back + WITHIN * 5)
}

fn simulate(plan: &Plan) -> Run {
    let run = capacity::run(plan).unwrap();
    assert_eq!(run.dead_letters(), 0, "the model lost messages");
    run
}
