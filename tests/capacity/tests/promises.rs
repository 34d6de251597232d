//! Small forms of the scenarios of `cargo bench -p capacity`: what a stage in trouble may cost the others, and what
//! becomes of its files. A fifth of the template's places, so that a few files fill them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use capacity::{Count, Lane, Load, Mapping, Plan, Receiver, Run, Stage, Trouble};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn plan(stages: Vec<Stage>, lasts: Duration) -> Plan {
    let of = |mapping: Mapping, places| Mapping { places, ..mapping };
    Plan {
        fast: of(Mapping::of_the_template(), 10),
        slow: Some(of(Mapping::of_the_slow_lane(), 2)),
        ..Plan::new(stages, lasts)
    }
}

fn run(plan: &Plan) -> Run {
    let run = capacity::run(plan).unwrap();
    assert_eq!(
        run.dead_letters(),
        0,
        "messages were put off until they were dead letters"
    );
    run
}

fn healthy(load: Load) -> Stage {
    Stage::new(Receiver::healthy(), load)
}

fn hangs_from(at: Duration, load: Load) -> Stage {
    Stage::new(
        Receiver::healthy().with(at..Duration::MAX, Trouble::Hangs),
        load,
    )
}

#[test]
fn healthy_stages_keep_their_rate_beside_one_that_hangs() {
    let (from, lasts) = (seconds(80), seconds(140));
    let rate = |bad: Option<Stage>, was: bool| {
        let mut stages = vec![healthy(Load::saturating(30)); 4];
        stages.extend(bad);
        let plan = plan(stages, lasts);
        let run = run(&if was { plan.as_it_was() } else { plan });
        let rate = |stage| run.rate(stage, Count::Delivered, from..lasts);
        (0..4).map(rate).sum::<f64>()
    };
    let bad = || Some(hangs_from(seconds(20), Load::a_second(5)));
    let alone = rate(None, false);
    let (was, now) = (rate(bad(), true), rate(bad(), false));
    assert!(now >= 0.9 * alone, "{now:.0} of {alone:.0} a second");
    assert!(
        was < 0.2 * alone,
        "the model no longer shows the problem: {was:.0} of {alone:.0}"
    );
}

#[test]
fn a_dead_stage_delays_nobody_and_costs_little() {
    let arrive = seconds(300);
    let stages = || {
        let load = Load::a_second(10).until(arrive);
        vec![
            healthy(load),
            hangs_from(Duration::ZERO, Load::backlog(2_000)),
        ]
    };
    let all = plan(stages(), seconds(3_600 * 2));
    let (was, now) = (run(&all.clone().as_it_was()), run(&all));
    let lag = |run: &Run| run.lags(0, seconds(60)..arrive).at(0.99).unwrap();
    assert!(lag(&now) <= seconds(2), "{:?}", lag(&now));
    assert!(
        lag(&was) > seconds(60),
        "the model no longer shows the problem: {:?}",
        lag(&was)
    );
    for ended in [&was, &now] {
        assert_eq!(ended.total(1, Count::Failed), 2_000, "their retries end");
    }
    let alone = run(&plan(vec![stages().swap_remove(0)], seconds(600)));
    let dead = |run: &Run| (run.billed() - alone.billed()).as_secs_f64();
    let share = dead(&now) / dead(&was);
    // Of 2,000 files. The probes cost the same however many wait, and are most of it.
    assert!(share <= 0.06, "{share:.3} of Lambda's time");
    let looks = now.total(1, Count::PutOff) as f64 / 2_000.0;
    assert!(looks < 20.0, "a file was put off {looks:.1} times");
    assert!(
        now.billed_in(Lane::Slow) > Duration::ZERO,
        "the slow lane has them"
    );
}

#[test]
fn all_files_of_an_outage_are_delivered_soon_after_it() {
    let (down, back) = (seconds(30), seconds(630));
    let receiver = Receiver::healthy().with(down..back, Trouble::Down);
    let run = run(&plan(
        vec![Stage::new(receiver, Load::a_second(10))],
        seconds(1_000),
    ));
    assert_eq!(run.total(0, Count::Failed), 0);
    let left = run.all_left(0, down..back).expect("all are delivered");
    assert!(
        left - back <= seconds(300),
        "{:?} after the outage",
        left - back
    );
    let meanwhile = run.rate(0, Count::Calls, down..back) * (back - down).as_secs_f64();
    assert!(
        meanwhile < 200.0,
        "{meanwhile} calls to a receiver that is down"
    );
    let most = run.most_a_second(0, Count::Calls, back..seconds(1_000));
    assert!(
        most <= 2 * 274,
        "{most} calls within a second: twice what ten places make"
    );
}

/// The message of each comes back every quarter of an hour, for nothing.
#[test]
fn files_that_wait_for_hours_delay_nobody() {
    let lasts = seconds(5_400);
    let slow = Stage::new(
        Receiver {
            answers_after: seconds(10),
            ..Receiver::healthy()
        },
        Load::a_second(1),
    );
    let mut waiting = Stage::new(
        Receiver::healthy().with(Duration::ZERO..seconds(600), Trouble::Down),
        Load::backlog(4_000),
    );
    for (name, value) in [
        ("breaker", serde_json::json!(false)),
        ("retry_delays", serde_json::json!(["1h"])),
    ] {
        waiting.settings.insert(name.to_owned(), value);
    }
    let run = run(&plan(
        vec![healthy(Load::a_second(10)), slow, waiting],
        lasts,
    ));
    let lag = |stage| run.lags(stage, seconds(1_200)..seconds(5_000)).at(0.99);
    assert!(lag(0).unwrap() <= seconds(1), "{:?}", lag(0));
    // As long as a call of theirs takes. While the messages of waits were in the slow lane, it was half an hour.
    assert!(lag(1).unwrap() <= seconds(15), "{:?}", lag(1));
    assert_eq!(run.total(2, Count::Delivered), 4_000);
    let last = run.all_left(2, Duration::ZERO..seconds(1)).unwrap();
    assert!(last <= seconds(3_600 * 12 / 10 + 60), "{last:?}");
    let messages = run.total(2, Count::Messages) as f64 / 4_000.0;
    assert!(messages < 6.0, "{messages} a file");
}
