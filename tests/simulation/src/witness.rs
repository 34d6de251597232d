//! What was seen of a world, for the checker.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use delivery::{FileKey, FileLeft};
use uuid::Uuid;

use crate::check::{Call, Command, Evidence, Held, Violations};
use crate::world::{PARKED, World};

/// One call, and who made it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) call: Call,
    pub(super) task: u64,
}

#[derive(Default)]
pub(super) struct Witness {
    pub(super) calls: Vec<Seen>,
    /// What was broken already while it happened.
    pub(super) found: Violations,
    /// When each task came to its end.
    pub(super) ended: BTreeMap<u64, i64>,
    pub(super) commands: BTreeSet<Command>,
    /// What was announced, each once.
    pub(super) announced: Vec<FileLeft>,
    /// The writes of control records, the last of a stage being what it is now.
    pub(super) held: Vec<Held>,
    /// When each task first looked at a file.
    pub(super) looked: BTreeMap<(u64, FileKey), i64>,
    /// For how long each delivery was put off by the breaker, in milliseconds, at least.
    pub(super) waited: BTreeMap<Uuid, i64>,
}

/// A task that does nothing for this long after its call may lose its lease: the margin of a lease,
/// less what clocks differ by.
const STANDSTILL: i64 = 8_000;

/// Two clocks, each 2 s off at most, and the second and a half that a message may come early.
const EARLY: Duration = Duration::from_millis(5_500);

/// Decides all that a world at rest can be judged by.
pub(super) fn judge(world: &mut World) {
    let calls = world.witness.calls.iter().map(|seen| {
        let ended = world.witness.ended.get(&seen.task);
        let stood_still = ended.copied().unwrap_or(i64::MAX) - seen.call.until > STANDSTILL;
        Call {
            excused: seen.call.excused || stood_still || world.hit.contains(&seen.task),
            ..seen.call.clone()
        }
    });
    let parked = world.queues[PARKED].iter();
    let evidence = Evidence {
        workflow: &world.workflow,
        files: world.states.values().cloned().collect(),
        visits: world.visits.values().cloned().collect(),
        attempts: world.attempts.values().cloned().collect(),
        rejections: world.rejections.values().cloned().collect(),
        parked: parked
            .map(|message| serde_json::from_str(&message.body).unwrap())
            .collect(),
        commands: world.witness.commands.iter().copied().collect(),
        calls: calls.collect(),
        most_calls: world.most_calls.clone(),
        early: EARLY,
        announced: Some(world.witness.announced.clone()),
        held: world.witness.held.clone(),
        limits: world.limits.clone(),
    };
    for violation in evidence.violations() {
        world.witness.found.add(violation.invariant, violation.what);
    }
}

/// The deliveries on record, now or in the history.
pub(super) fn deliveries(world: &World) -> BTreeSet<Uuid> {
    let current = world.states.values().filter_map(|s| s.delivery.as_ref());
    let past = world.visits.values().filter_map(|v| v.delivery.as_ref());
    current.chain(past).map(|d| d.delivery_id).collect()
}
