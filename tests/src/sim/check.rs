//! The checker: it sees effects, and knows the invariants, not how they are kept.

use std::collections::{BTreeMap, BTreeSet};

use delivery::{FileState, Outcome};
use uuid::Uuid;
use workflow::{Actor, Role};

use super::world::World;

/// One call the receiver saw.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) delivery_id: Uuid,
    pub(super) attempt: u32,
    pub(super) from: i64,
    pub(super) until: i64,
    pub(super) status: u16,
    pub(super) task: u64,
}

/// A task that does nothing for this long after its call may lose its lease: the margin of a lease,
/// less what clocks differ by.
const STANDSTILL: i64 = 8_000;

#[derive(Default)]
pub(super) struct Checker {
    pub(super) calls: Vec<Seen>,
    pub(super) violations: Vec<String>,
    /// Each ended delivery's way out.
    exits: BTreeMap<Uuid, (Outcome, Option<Uuid>)>,
    /// The deliveries that were ever on record.
    deliveries: BTreeSet<Uuid>,
    /// When each task came to its end.
    pub(super) ended: BTreeMap<u64, i64>,
    /// What was commanded, by the visit it must open or the rejection it must leave.
    pub(super) commands: BTreeSet<Uuid>,
    /// Those of them that Workers gave.
    pub(super) by_workers: BTreeSet<Uuid>,
}

impl Checker {
    pub(super) fn violation(&mut self, invariant: u32, what: String) {
        if self.violations.len() < 20 {
            self.violations
                .push(format!("invariant {invariant}: {what}"));
        }
    }

    /// Watches each write of a record.
    pub(super) fn wrote(&mut self, before: Option<&FileState>, after: &FileState) {
        let sequence = before.map_or(0, |state| state.visit.sequence);
        let is_next = after.visit.sequence == sequence + 1;
        let is_same = before.is_some_and(|state| state.visit.id == after.visit.id);
        if !is_next && !is_same {
            self.violation(
                6,
                format!(
                    "{}: visit {sequence} was followed by {}",
                    after.key, after.visit.sequence
                ),
            );
        }
        if let Some(before) = before
            && after.version != before.version + 1
        {
            self.violation(
                2,
                format!(
                    "{}: version {} after {}",
                    after.key, after.version, before.version
                ),
            );
        }
        if let Some(delivery) = &after.delivery {
            self.deliveries.insert(delivery.delivery_id);
            if let Some(outcome) = delivery.outcome {
                let exit = (outcome, delivery.moved_to);
                let first = *self.exits.entry(delivery.delivery_id).or_insert(exit);
                if first != exit {
                    self.violation(
                        6,
                        format!(
                            "{}: delivery {} ended twice",
                            after.key, delivery.delivery_id
                        ),
                    );
                }
            }
        }
    }

    /// Decides the rest once the world is quiet.
    pub(super) fn finish(world: &mut World) {
        let mut found = Vec::new();
        for state in world.states.values() {
            if !state.status.is_at_rest() {
                found.push((3, format!("{} is stuck as {:?}", state.key, state.status)));
            }
        }
        world.checker.one_at_a_time(&mut found, &world.hit);
        world.checker.bounded(&mut found, world);
        world.checker.answered(&mut found, world);
        for (invariant, what) in found {
            world.checker.violation(invariant, what);
        }
    }

    fn one_at_a_time(&self, found: &mut Vec<(u32, String)>, hit: &BTreeSet<u64>) {
        let mut by_delivery: BTreeMap<Uuid, Vec<&Seen>> = BTreeMap::new();
        for call in &self.calls {
            by_delivery.entry(call.delivery_id).or_default().push(call);
        }
        for (delivery, calls) in by_delivery {
            for (index, one) in calls.iter().enumerate() {
                for other in &calls[index + 1..] {
                    if one.from < other.until && other.from < one.until {
                        found.push((
                            4,
                            format!(
                                "{delivery}: attempts {} and {} overlap",
                                one.attempt, other.attempt
                            ),
                        ));
                    }
                    // Again only if a fault, or a standstill longer than the lease allows for, kept the
                    // first call's result from being recorded.
                    let ended = self.ended.get(&one.task).copied().unwrap_or(i64::MAX);
                    let stood_still = ended.saturating_sub(one.until) > STANDSTILL;
                    if one.attempt == other.attempt && !stood_still && !hit.contains(&one.task) {
                        found.push((
                            4,
                            format!("{delivery}: attempt {} was made twice", one.attempt),
                        ));
                    }
                }
            }
        }
    }

    fn bounded(&self, found: &mut Vec<(u32, String)>, world: &World) {
        let most = world
            .workflow
            .webhook_stages()
            .map(|(_, config)| delivery::retry::Policy::of(config).max_retries() + 1)
            .max()
            .unwrap_or(0);
        for call in &self.calls {
            if call.attempt > most {
                found.push((
                    5,
                    format!("{}: attempt {} of {most}", call.delivery_id, call.attempt),
                ));
            }
            if self.by_workers.contains(&call.delivery_id) {
                found.push((7, format!("{}: fired by a Worker", call.delivery_id)));
            }
            if !self.deliveries.contains(&call.delivery_id) {
                found.push((3, format!("{}: a call without a record", call.delivery_id)));
            }
        }
    }

    /// Every command had its effect once, and every ended delivery says what the receiver said.
    fn answered(&self, found: &mut Vec<(u32, String)>, world: &World) {
        let mut traces: BTreeSet<Uuid> =
            world.visits.values().map(|visit| visit.visit.id).collect();
        for state in world.states.values() {
            traces.insert(state.visit.id);
            traces.extend(state.delivery.as_ref().map(|delivery| delivery.delivery_id));
        }
        traces.extend(
            world
                .rejections
                .values()
                .map(|r| commanded(r.assignment_id)),
        );
        for message in &world.queues[super::world::PARKED] {
            let letter: delivery::DeadLetter = serde_json::from_str(&message.body).unwrap();
            let assignment = delivery::Assignment::parse(&letter.body).ok();
            traces.extend(assignment.map(|assignment| commanded(assignment.assignment_id)));
        }
        for command in self.commands.difference(&traces) {
            found.push((3, format!("the command of visit {command} left no trace")));
        }
        let deliveries = world
            .states
            .values()
            .filter_map(|state| state.delivery.as_ref());
        let current: BTreeSet<Uuid> = deliveries.clone().map(|d| d.delivery_id).collect();
        let past = world
            .visits
            .values()
            .filter_map(|visit| visit.delivery.as_ref())
            .filter(|delivery| !current.contains(&delivery.delivery_id));
        for delivery in deliveries.chain(past) {
            let Some(outcome) = delivery.outcome else {
                continue;
            };
            let last = delivery.attempts.last().and_then(|attempt| attempt.status);
            let said_yes = last.is_some_and(|status| (200..300).contains(&status));
            if said_yes != (outcome == Outcome::Succeeded) {
                found.push((
                    6,
                    format!("{}: {outcome:?} after {last:?}", delivery.delivery_id),
                ));
            }
            for attempt in &delivery.attempts {
                let seen = self.calls.iter().any(|call| {
                    call.delivery_id == delivery.delivery_id
                        && call.attempt == attempt.attempt
                        && Some(call.status) == attempt.status
                });
                if !seen {
                    found.push((
                        5,
                        format!(
                            "{}: attempt {} is recorded but was never made",
                            delivery.delivery_id, attempt.attempt
                        ),
                    ));
                }
            }
            let numbers: Vec<u32> = delivery
                .attempts
                .iter()
                .map(|attempt| attempt.attempt)
                .collect();
            let expected: Vec<u32> = (1..).take(numbers.len()).collect();
            if numbers != expected {
                found.push((
                    5,
                    format!(
                        "{}: attempts {numbers:?} are recorded",
                        delivery.delivery_id
                    ),
                ));
            }
            let made = self
                .calls
                .iter()
                .filter(|c| c.delivery_id == delivery.delivery_id)
                .map(|c| c.attempt)
                .max()
                .unwrap_or(0);
            if outcome == Outcome::Succeeded && usize::try_from(made).unwrap() != numbers.len() {
                found.push((
                    5,
                    format!(
                        "{}: {made} attempts made, {} recorded",
                        delivery.delivery_id,
                        numbers.len()
                    ),
                ));
            }
        }
    }
}

/// The visit that a person's command must open.
fn commanded(assignment_id: Uuid) -> Uuid {
    let assignment = delivery::Assignment {
        assignment_id,
        team: String::new(),
        workflow_id: Uuid::nil(),
        stage_id: Uuid::nil(),
        item_id: Uuid::nil(),
        assigned_by: Actor::User {
            id: None,
            role: Role::Admin,
        },
        document: None,
    };
    delivery::machine::visit_id_of(&assignment)
}
