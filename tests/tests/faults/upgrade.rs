//! The functions of the version before beside those of this one, over one table: as during a deployment, or while it
//! is taken back. `tests/upgrade/run` builds the old ones and says where they are.

use std::path::PathBuf;
use std::time::Duration;

use delivery::{Assignment, Trace};
use serde_json::{Value, json};
use simulation::check::Call;
use uuid::Uuid;

use crate::receiver::{Call as Attempt, Seen, mixed, now};
use crate::scene::Scene;

/// What is deployed together with the table.
const ALL: [&str; 4] = ["dispatcher", "sender", "dead-letter", "audit"];

/// The programs of the version before.
fn before() -> PathBuf {
    let programs = std::env::var_os("UPGRADE_FROM");
    PathBuf::from(programs.expect("tests/upgrade/run sets UPGRADE_FROM"))
}

/// A second Webhook stage, to which files come over the edge `succeeded` of the first.
fn two_webhooks(workflow: &mut Value) {
    let mut second = workflow["stages"][1].clone();
    let id = Uuid::new_v4();
    second["id"] = json!(id);
    second["name"] = json!("Notify others");
    for edge in second["edges"].as_array_mut().unwrap() {
        edge["id"] = json!(Uuid::new_v4());
        edge["source_stage_id"] = json!(id);
    }
    workflow["stages"][1]["edges"][0]["target_stage_id"] = json!(id);
    workflow["stages"].as_array_mut().unwrap().push(second);
}

/// One in six takes long, so that there always is one under way.
fn answer(call: Attempt) -> (u16, Duration) {
    let slow = call.0.as_u128() % 30 >= 25;
    let after = if slow { 3_000 } else { 300 };
    (mixed(call), Duration::from_millis(after))
}

/// A deployment in which these functions are the old ones.
async fn scene(team: &str, old: &[&str]) -> Scene {
    let settings = json!({"retry_delays": [4, 1], "breaker": false});
    let scene = Scene::of(team, answer, settings, two_webhooks).await;
    let new: Vec<_> = ALL.into_iter().filter(|it| !old.contains(it)).collect();
    replace(&scene, scene.emulator.programs().to_owned(), &new).await;
    replace(&scene, before(), old).await;
    scene
}

async fn replace(scene: &Scene, programs: PathBuf, functions: &[&str]) {
    let emulator = scene.emulator;
    let command = json!({"do": "programs", "programs": programs, "functions": functions});
    let done = tokio::task::spawn_blocking(move || emulator.tell(&command));
    assert_eq!(done.await.unwrap()["done"], "programs");
}

/// Assigned half with a trace, which the version before does not know.
async fn assigned(scene: &Scene) -> Vec<Assignment> {
    let trace = Trace::of_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00");
    let assignments = scene.assignments(60).into_iter().enumerate();
    let assignments: Vec<_> = assignments
        .map(|(index, assignment)| Assignment {
            trace: trace.filter(|_| index % 2 == 0),
            ..assignment
        })
        .collect();
    scene.assign(&assignments).await;
    assignments
}

/// Every file is where it belongs, and no call was made twice but for those that were cut off.
async fn all_arrive(scene: &Scene, assignments: &[Assignment], cut_off: impl Fn(&Call) -> bool) {
    let settled = scene.settled(assignments, Duration::from_secs(240)).await;
    let second = scene.workflow.find_stage("Notify others").unwrap().id;
    let went_on = settled.iter().filter(|state| {
        let delivery = state.delivery.as_ref().unwrap();
        delivery.stage_id == second
    });
    let went_on = went_on.count();
    let checked = scene.checked(assignments, settled, cut_off).await;
    println!(
        "{went_on} of {} files came to the second stage: {checked:?}",
        assignments.len()
    );
    assert!(went_on > 0 && checked.retries > 0);
    assert_eq!(checked.dead, 0);
    assert_eq!(checked.refused, scene.receiver.seen.always_refused());
    let most = scene.receiver.seen.by_call().into_values().max();
    assert!(most <= Some(2), "a call was made {most:?} times");
}

async fn side_by_side(team: &str, old: &[&str]) {
    let scene = scene(team, old).await;
    let assignments = assigned(&scene).await;
    all_arrive(&scene, &assignments, |_| false).await;
}

/// Files are opened, wait for a retry, and one at least is being sent, when all functions are replaced.
async fn in_mid_flight(team: &str, old: &[&str]) {
    let scene = scene(team, old).await;
    let assignments = assigned(&scene).await;
    let busy = |seen: &Seen| seen.calls().len() >= 30 && !seen.under_way().is_empty();
    scene.until(busy).await;
    let from = now();
    let (programs, emulator) = (scene.emulator.programs().to_owned(), scene.emulator);
    let kill = json!({"do": "kill", "function": "sender"});
    tokio::task::spawn_blocking(move || emulator.tell(&kill))
        .await
        .unwrap();
    let programs = if old.is_empty() { before() } else { programs };
    replace(&scene, programs, &ALL).await;
    let until = now();
    let cut_off = |call: &Call| call.from <= until && call.until >= from - 1_000;
    let calls = scene.receiver.seen.calls();
    assert!(calls.iter().any(&cut_off), "no call was cut off");
    all_arrive(&scene, &assignments, cut_off).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/upgrade/run builds the old functions for it"]
async fn the_dispatcher_before_and_this_sender() {
    side_by_side("before-dispatches", &["dispatcher"]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/upgrade/run builds the old functions for it"]
async fn this_dispatcher_and_the_sender_before() {
    side_by_side("before-sends", &["sender", "dead-letter"]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/upgrade/run builds the old functions for it"]
async fn an_upgrade_in_mid_flight() {
    in_mid_flight("upgrade", &ALL).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "tests/upgrade/run builds the old functions for it"]
async fn an_upgrade_taken_back_in_mid_flight() {
    in_mid_flight("taken-back", &[]).await;
}
