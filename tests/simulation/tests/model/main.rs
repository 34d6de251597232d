//! An exhaustive check of a small world: one file, up to three Webhook stages, two senders, a dispatcher (two in
//! some worlds), the dead-letter handler and the audit, in every order and with every place for a fault,
//! within the bounds that are printed.
//!
//! The steps are those of `delivery::machine`, with the same lists of effects that the use-cases carry out. The model
//! adds the queues, the clock and the receiver. With
//! `MODEL_BOUNDS=long cargo test --release -p simulation --test model -- --nocapture` it allows more faults at once.
//!
//! Some worlds have the stage's control record, with a breaker that every failure trips. Other files of the stage and its
//! operators change it, as one actor; a pause ends before it puts the delivery off twice.
//!
//! Assumptions: a caller keeps its deadline, counted from the check of its lease; reads are
//! strongly consistent; a message that was given back can come again at once, which is more than SQS does;
//! a message becomes a dead letter only when the visibility of its last receive has passed, so that its
//! last receiver's death cannot take it away. (A copy of it dies by itself.) Not covered: SQS
//! delivering the last receive of such a message twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod actions;
mod bounds;
mod breaks;
mod clock;
mod control;
mod decide;
mod effects;
mod end;
mod fact;
mod faults;
mod happens;
mod observed;
mod properties;
mod reorder;
mod scenario;
mod small;
mod trace;
mod worker;
mod world;

use std::collections::BTreeSet;
use std::env;
use std::num::NonZeroUsize;
use std::time::Instant;

use actions::Action;
use bounds::Bounds;
use breaks::Break;
use scenario::Scene;
use small::Small;
use stateright::{Checker, HasDiscoveries, Model, Path};
use world::World;

#[test]
fn invariants_hold_in_every_small_world() {
    let is_long = env::var("MODEL_BOUNDS").is_ok_and(|bounds| bounds == "long");
    let worlds = if is_long {
        bounds::long()
    } else {
        bounds::short()
    };
    let mut missing: BTreeSet<&str> = happens::all().iter().map(|p| p.name).collect();
    for (scene, bounds) in worlds {
        for found in look_through(scene, bounds) {
            missing.remove(found);
        }
    }
    assert!(missing.is_empty(), "never happened: {missing:?}");
}

/// Every world of a scene; what it found of what must happen.
fn look_through(scene: Scene, bounds: Bounds) -> Vec<&'static str> {
    let began = Instant::now();
    let checker = Small::new(scene, bounds, None)
        .checker()
        .threads(2)
        .finish_when(HasDiscoveries::AnyFailures)
        .spawn_bfs()
        .join();
    println!(
        "{}: {} unique states, {} generated, {} steps at most, {:.1} s: {bounds:?}",
        scene.name,
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth() - 1,
        began.elapsed().as_secs_f64(),
    );
    let mut found = checker.discoveries();
    for property in properties::always() {
        if let Some(path) = found.remove(property.name) {
            let told = trace::tell(checker.model(), path);
            panic!("{}: {}\n{told}", scene.name, property.name);
        }
    }
    assert!(checker.is_done(), "{}: cut off", scene.name);
    found.into_keys().collect()
}

#[test]
fn every_deliberate_break_is_caught() {
    let mut missed = Vec::new();
    for broken in Break::ALL {
        match shortest(broken) {
            Some((property, path)) => {
                let steps = path.into_actions().len();
                println!("{broken:?}: {property}: {steps} steps");
            }
            None => missed.push(broken),
        }
    }
    assert!(missed.is_empty(), "not caught: {missed:?}");
}

/// The checker goes on for a block of states after the first violation and keeps the last it finds, so it is
/// run again until there is no shorter one.
fn shortest(broken: Break) -> Option<(&'static str, Path<World, Action>)> {
    let mut best = None;
    let mut most = None;
    while let Some((property, path)) = violation(broken, most) {
        most = NonZeroUsize::new(path.clone().into_actions().len() + 1);
        best = Some((property, path));
    }
    best
}

/// A violation in at most so many states, the first included, less one.
fn violation(
    broken: Break,
    most: Option<NonZeroUsize>,
) -> Option<(&'static str, Path<World, Action>)> {
    let (scene, bounds) = broken.world();
    let checker = Small::new(scene, bounds, Some(broken)).checker();
    let checker = checker.finish_when(HasDiscoveries::AnyFailures);
    let checker = match most {
        Some(most) => checker.target_max_depth(most.get()),
        None => checker,
    };
    let found = checker.spawn_bfs().join().discoveries();
    let names = properties::always();
    let violated = found
        .into_iter()
        .filter(|(name, _)| names.iter().any(|property| property.name == *name));
    violated.min_by_key(|(name, path)| (path.clone().into_actions().len(), *name))
}
