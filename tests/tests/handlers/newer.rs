//! Messages and records that a later version wrote: an upgrade that was taken back makes no file fail.

use batch::{Answer, Return};
use delivery::format::LOOK_AGAIN;
use delivery::ports::{FileStates, Operator, PortErrorKind};
use delivery::{Assignment, Delivery, Outcome};

use crate::world::{LONG, World, event, failed, json};

/// Each goes back, however often, and no receive counts towards the dead letters.
fn wait(answer: Answer, messages: usize) {
    assert_eq!(failed(&answer).len(), messages);
    for mut failed in answer.failed {
        assert_eq!(failed.retry_after, Some(LOOK_AGAIN));
        for receives in 1..=5 {
            failed.record.receive_count = receives;
            assert_ne!(failed.comes_back(), Return::Counted);
        }
    }
}

/// With another body under the same names, as a later version might write it.
fn raised(body: &str) -> String {
    body.replacen('{', r#"{"format_version":9,"#, 1)
}

#[tokio::test]
async fn a_message_of_a_later_version_waits() {
    let world = World::new().await;
    let (assignment, delivery) = world.opened().await;
    let bodies = [
        raised(&json(&assignment)),
        raised(&delivery),
        r#"{"format_version":9}"#.to_owned(),
    ];
    assert!(Assignment::parse(&bodies[0]).is_err() && Delivery::parse(&bodies[1]).is_err());
    wait(world.dispatch(&bodies).await, 3);
    wait(world.send(&bodies, LONG).await, 3);
    let letters = event(&bodies, LONG);
    wait(dead_letter::handle(&world.ports, letters).await.unwrap(), 3);
    let engine = world.ports.engine();
    assert!(engine.parked(10).await.unwrap().is_empty());
    let state = engine.get(&assignment.key()).await.unwrap().unwrap();
    assert_eq!(state.delivery.unwrap().outcome, None);
    assert_eq!(world.calls(), 0);
}

#[tokio::test]
async fn a_file_whose_record_a_later_version_wrote_waits_and_then_goes_on() {
    let world = World::new().await;
    let (assignment, delivery) = world.opened().await;
    let database = world.database().await;
    let format = |change: &str| {
        let update = format!("UPDATE states SET body = {change}");
        assert_eq!(database.execute(&update, []).unwrap(), 1);
    };
    format("json_set(body, '$.format_version', 9)");
    let engine = world.ports.engine();
    let error = engine.get(&assignment.key()).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Newer);
    wait(world.dispatch(&[json(&assignment)]).await, 1);
    wait(world.send(std::slice::from_ref(&delivery), LONG).await, 1);
    for body in [json(&assignment), delivery.clone()] {
        let letters = event(&[body], LONG);
        wait(dead_letter::handle(&world.ports, letters).await.unwrap(), 1);
    }
    assert!(engine.parked(10).await.unwrap().is_empty());
    assert_eq!(world.calls(), 0);

    // As good as an upgrade: what is there can be read.
    format("json_remove(body, '$.format_version')");
    assert!(failed(&world.send(&[delivery], LONG).await).is_empty());
    let state = engine.get(&assignment.key()).await.unwrap().unwrap();
    assert_eq!(state.delivery.unwrap().outcome, Some(Outcome::Succeeded));
    assert_eq!(world.calls(), 1);
}

/// Taken for none, it would make a paused stage be called.
#[tokio::test]
async fn a_stage_whose_control_record_a_later_version_wrote_is_not_called() {
    let world = World::new().await;
    let assignment = world.assignment(1).await;
    let stage = [assignment.workflow_id, assignment.stage_id];
    let control = r#"{"format_version":9,"paused":"in another way"}"#;
    let insert = "INSERT INTO controls VALUES ('team', ?1, ?2, 1, ?3)";
    let database = world.database().await;
    database
        .execute(insert, rusqlite::params![stage[0], stage[1], control])
        .unwrap();
    // The dispatcher has to know the stage's lane.
    wait(world.dispatch(&[json(&assignment)]).await, 1);
    let delivery = json(&delivery::machine::first_message(&assignment));
    wait(world.send(&[delivery], LONG).await, 1);
    assert_eq!(world.calls(), 0);
}
