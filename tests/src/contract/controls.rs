use delivery::control::{Lane, Outage, Pause, Phase, StageControl, StageKey};
use delivery::ports::{ControlWriteError, Controls, FileStates};
use delivery::{Outcome, Reason, Status, Timestamp};
use futures_util::future::join_all;
use std::time::Duration;
use uuid::Uuid;

use super::{finished, key, waiting};

/// A stage of its own, so that suites may share a store.
fn stage() -> StageKey {
    StageKey {
        team: "contract".to_owned(),
        workflow_id: Uuid::new_v4(),
        stage_id: Uuid::new_v4(),
    }
}

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000 + millis)
}

/// A record of this version with nothing in it but when it was written.
fn written(version: u64, millis: i64) -> StageControl {
    StageControl {
        version,
        updated_at: at(millis),
        ..StageControl::default()
    }
}

/// A record with everything in it.
fn full(version: u64, phase: Phase) -> StageControl {
    StageControl {
        outage: Some(Outage {
            since: at(1),
            trips: 7,
            reason: Reason::ConnectTimeout,
            until: at(2),
            phase,
            asked: Duration::from_millis(1_500),
        }),
        pause: Some(Pause {
            since: at(3),
            by: "operator".to_owned(),
            reason: Some("\u{fc}ber \"Nacht\"\n".to_owned()),
        }),
        lane: Lane::Slow,
        lane_since: Some(at(4)),
        next_free: Some(at(5)),
        ..written(version, 6)
    }
}

async fn conflict(controls: &impl Controls, stage: &StageKey, next: &StageControl) -> StageControl {
    match controls.put_control(stage, next).await {
        Err(ControlWriteError::Conflict(found)) => *found,
        other => panic!("version {} was not refused: {other:?}", next.version),
    }
}

/// The stages' control records: the default where there is none, conditional writes that the next read sees, and one
/// record for each stage.
pub async fn controls(controls: &impl Controls) {
    a_write_needs_the_version_before(controls).await;
    everything_comes_back(controls).await;
    of_two_writers_one_wins(controls).await;
    each_stage_has_its_own(controls).await;
}

async fn a_write_needs_the_version_before(controls: &impl Controls) {
    let stage = stage();
    let none = StageControl::default();
    assert_eq!(controls.control(&stage).await.unwrap(), none);
    for version in [2, 5] {
        let refused = conflict(controls, &stage, &written(version, 0)).await;
        assert_eq!(refused, none, "version {version} without a record");
    }
    assert_eq!(controls.control(&stage).await.unwrap(), none);
    for version in 1..=3 {
        let next = written(version, 10);
        controls.put_control(&stage, &next).await.unwrap();
        assert_eq!(controls.control(&stage).await.unwrap(), next);
    }
    for version in [1, 2, 3, 5, 9] {
        let refused = conflict(controls, &stage, &written(version, 20)).await;
        assert_eq!(refused, written(3, 10), "version {version} after 3");
    }
    assert_eq!(controls.control(&stage).await.unwrap(), written(3, 10));
}

async fn everything_comes_back(controls: &impl Controls) {
    let stage = stage();
    let probe = Uuid::new_v4();
    for (version, phase) in [
        (1, Phase::Open),
        (2, Phase::HalfOpen { probe }),
        (3, Phase::Recovering),
    ] {
        let next = full(version, phase);
        controls.put_control(&stage, &next).await.unwrap();
        assert_eq!(controls.control(&stage).await.unwrap(), next);
    }
    let plain = written(4, 30);
    controls.put_control(&stage, &plain).await.unwrap();
    assert_eq!(controls.control(&stage).await.unwrap(), plain);
}

async fn of_two_writers_one_wins(controls: &impl Controls) {
    let stage = stage();
    for version in 1..=3 {
        let writers = (0..20).map(|writer| {
            let (stage, next) = (&stage, written(version, writer));
            async move { (next.clone(), controls.put_control(stage, &next).await) }
        });
        let all = join_all(writers).await;
        let won: Vec<_> = all
            .iter()
            .filter(|(_, result)| result.is_ok())
            .map(|(next, _)| next)
            .collect();
        assert_eq!(won.len(), 1, "version {version}");
        for (_, result) in &all {
            match result {
                Ok(()) => {}
                Err(ControlWriteError::Conflict(found)) => assert_eq!(&**found, won[0]),
                Err(ControlWriteError::Port(error)) => panic!("{error}"),
            }
        }
        assert_eq!(&controls.control(&stage).await.unwrap(), won[0]);
    }
}

async fn each_stage_has_its_own(controls: &impl Controls) {
    let one = stage();
    let others = [
        StageKey {
            team: "contract-2".to_owned(),
            ..one.clone()
        },
        StageKey {
            workflow_id: Uuid::new_v4(),
            ..one.clone()
        },
        StageKey {
            stage_id: Uuid::new_v4(),
            ..one.clone()
        },
    ];
    controls.put_control(&one, &written(1, 1)).await.unwrap();
    for (other, millis) in others.iter().zip(2..) {
        let none = StageControl::default();
        assert_eq!(controls.control(other).await.unwrap(), none, "{other}");
        let next = full(1, Phase::Open);
        let next = StageControl {
            updated_at: at(millis),
            ..next
        };
        controls.put_control(other, &next).await.unwrap();
    }
    for (other, millis) in others.iter().zip(2..) {
        let found = controls.control(other).await.unwrap();
        assert_eq!(found.updated_at, at(millis), "{other}");
    }
    assert_eq!(controls.control(&one).await.unwrap(), written(1, 1));
}

/// What a delivery's record knows of having been held back is kept.
pub async fn held_back(states: &impl FileStates) {
    for (held_ms, is_reserved) in [
        (0, true),
        (1, false),
        (86_400_000, true),
        (u64::from(u32::MAX) * 2, false),
    ] {
        let mut state = waiting(&key(), Uuid::new_v4());
        state.status = Status::Queued;
        let mut open = finished(state.visit.stage_id, Outcome::Failed);
        (open.outcome, open.reason, open.ended_at) = (None, None, None);
        (open.held_ms, open.is_reserved) = (held_ms, is_reserved);
        state.delivery = Some(open);
        states.put(&state).await.unwrap();
        assert_eq!(states.get(&state.key).await.unwrap(), Some(state));
    }
}
