//! The invariants of ARCHITECTURE.md, by number, and what must happen somewhere for them to mean
//! anything.

use delivery::machine::visit_id_of;
use delivery::{FileState, Reason};
use stateright::Property;
use uuid::Uuid;
use workflow::{Actor, Role};

use super::happens;
use super::observed::Wrong;
use super::scenario::MOST_CALLS;
use super::small::Small;
use super::world::{Kept, Message, Queue, World};

pub(crate) fn all() -> Vec<Property<Small>> {
    let mut all = always();
    all.extend(happens::all());
    all
}

pub(crate) fn always() -> Vec<Property<Small>> {
    type P = Property<Small>;
    vec![
        P::always(
            "invariant 2: a write follows the one that it replaces",
            |_, world| is_right(world, Wrong::Version),
        ),
        P::always(
            "invariant 3: a file that is not at rest has a message",
            |_, world| has_message(world),
        ),
        P::always(
            "invariant 3: when nothing moves, the file is at rest",
            |_, world| {
                let is_at_rest = |state: &FileState| state.status.is_at_rest();
                !world.is_quiet() || world.record.as_deref().is_none_or(is_at_rest)
            },
        ),
        P::always(
            "invariant 3: when nothing moves, every command has left a trace",
            |model, world| !world.is_quiet() || model.commands.iter().all(|c| is_traced(world, c)),
        ),
        P::always(
            "invariant 4: the calls of a delivery never overlap",
            |_, world| is_one_at_a_time(world),
        ),
        P::always(
            "invariant 4: an attempt is made again only after a fault",
            |_, world| world.observed.calls.values().all(|c| c.unexcused <= 1),
        ),
        P::always(
            "invariant 13: a file is called if its stage's condition held, and otherwise skipped",
            |_, world| is_right(world, Wrong::Unwanted),
        ),
        P::always(
            "invariant 5: at most 1 + max_retries attempts",
            |_, world| is_bounded(world),
        ),
        P::always(
            "invariant 5: attempts are made, answered and numbered as recorded",
            |_, world| is_right(world, Wrong::Attempts),
        ),
        P::always(
            "invariant 5: no attempt is made before its time",
            |_, world| is_right(world, Wrong::TooSoon),
        ),
        P::always(
            "invariant 5: attempts follow what the stage repeats, and nothing else",
            goes_on_for_a_reason,
        ),
        P::always(
            "invariant 12: a wait costs a message now and then, not all the time",
            |_, world| is_right(world, Wrong::Busy),
        ),
        P::always(
            "invariant 6: visits are numbered without gaps",
            |_, world| is_right(world, Wrong::Sequence),
        ),
        P::always("invariant 6: a visit has one way out", |_, world| {
            is_right(world, Wrong::SecondExit)
        }),
        P::always(
            "invariant 6: the write of an exit opens the next visit",
            |_, world| world.record.as_deref().is_none_or(has_moved),
        ),
        P::always(
            "invariant 6: a delivery is not called after its exit",
            |_, world| is_right(world, Wrong::CallAfterExit),
        ),
        P::always(
            "invariant 7: what a Worker assigns is not called",
            |model, world| {
                let workers = model.commands.iter().filter(|c| c.0 == Role::Annotator);
                let mut visits = workers.map(|(_, assignment)| visit_id_of(assignment));
                visits.all(|visit| !world.observed.calls.keys().any(|call| call.0 == visit))
            },
        ),
        P::always(
            "invariant 2: a control record follows the one that it replaces",
            |_, world| is_right(world, Wrong::Control),
        ),
        P::always(
            "invariant 11: no call while the stage holds the delivery back",
            |_, world| is_right(world, Wrong::HeldBack),
        ),
        P::always("invariant 11: one probe at a time", |_, world| {
            is_right(world, Wrong::TwoProbes)
        }),
        P::always(
            "invariant 12: the breaker holds back for as long as the stage's patience",
            |_, world| is_right(world, Wrong::Patience),
        ),
        P::always("history: it knows what the record relies on", |_, world| {
            is_right(world, Wrong::History)
        }),
        P::always(
            "history: when nothing moves, it says of a visit what the record said of it",
            |_, world| !world.is_quiet() || has_true_history(world),
        ),
        P::always("events: an exit is announced as it was", |_, world| {
            is_right(world, Wrong::Announcement)
        }),
        P::always(
            "events: when nothing moves, each exit has been announced",
            |_, world| !world.is_quiet() || world.observed.exits.values().all(|exit| exit.1),
        ),
    ]
}

fn is_right(world: &World, wrong: Wrong) -> bool {
    !world.observed.wrong.contains(&wrong)
}

/// One about its visit, or about the delivery whose exit opened the visit.
fn has_message(world: &World) -> bool {
    let Some(state) = world.record.as_deref().filter(|s| !s.status.is_at_rest()) else {
        return true;
    };
    let from = match state.visit.assigned_by {
        Actor::Workflow { from_visit } => Some(from_visit),
        Actor::User { .. } => None,
    };
    let brings_on = |message: &Message| {
        let visit = message.body.visit();
        visit == state.visit.id || Some(visit) == from && message.queue != Queue::Assignments
    };
    let in_flight = world.workers.iter().filter(|worker| !worker.is_superseded);
    let in_flight = in_flight.filter_map(|worker| worker.message.as_ref());
    world.messages.iter().chain(in_flight).any(brings_on)
}

fn is_traced(world: &World, command: &(Role, delivery::Assignment)) -> bool {
    let visit = visit_id_of(&command.1);
    let is_on_record = world.record.as_ref().is_some_and(|record| {
        let delivery = record.delivery.as_ref().map(|d| d.delivery_id);
        record.visit.id == visit || delivery == Some(visit)
    });
    let history = &world.history;
    is_on_record
        || history.visits.contains_key(&visit)
        || history.rejections.contains(&command.1.assignment_id)
        || history.parked.contains(&visit)
}

fn is_one_at_a_time(world: &World) -> bool {
    let calls = &world.observed.calls;
    calls.keys().all(|(delivery, _)| {
        let of_delivery = calls.iter().filter(|(call, _)| call.0 == *delivery);
        of_delivery.map(|(_, calls)| calls.open).sum::<u8>() <= 1
    })
}

fn is_bounded(world: &World) -> bool {
    let calls = &world.observed.calls;
    calls.keys().all(|(delivery, attempt)| {
        *attempt <= MOST_CALLS
            && (1..*attempt).all(|earlier| {
                calls.contains_key(&(*delivery, earlier)) || gave_up(world, *delivery, earlier)
            })
    })
}

/// By what the stage says of the failures that it repeats; only a word of the breaker or a dead letter ends a delivery
/// otherwise.
fn goes_on_for_a_reason(model: &Small, world: &World) -> bool {
    let Some(delivery) = world.record.as_ref().and_then(|r| r.delivery.as_ref()) else {
        return true;
    };
    let config = model.config(delivery.stage_id);
    let Some(on) = config.and_then(|config| config.retry_on.as_ref()) else {
        return true;
    };
    let is_repeated = |status: Option<u16>| status.is_some_and(|status| on.has_status(status));
    let most = usize::try_from(MOST_CALLS).unwrap_or(usize::MAX);
    let made = delivery.attempts.len();
    let last = delivery.attempts.last();
    let earlier = delivery.attempts.iter().take(made.saturating_sub(1));
    let is_over = delivery.outcome.is_some() && delivery.reason != Some(Reason::DeadLettered);
    let has_stopped_early = is_over && made < most && last.is_some_and(|it| is_repeated(it.status));
    earlier.map(|it| it.status).all(is_repeated) && !has_stopped_early
}

/// Whether the record says that the attempt failed without a call, because the breaker was open for too long.
fn gave_up(world: &World, delivery: Uuid, attempt: u32) -> bool {
    let open = world.record.as_ref().and_then(|r| r.delivery.as_ref());
    let open = open.filter(|open| open.delivery_id == delivery);
    open.is_some_and(|open| {
        let mut attempts = open.attempts.iter();
        attempts.any(|a| a.attempt == attempt && a.reason == Some(Reason::CircuitOpen))
    })
}

fn has_moved(state: &FileState) -> bool {
    let Some(delivery) = state.delivery.as_ref() else {
        return true;
    };
    delivery.outcome.is_none()
        || delivery.moved_to.is_none()
        || (state.visit.id != delivery.delivery_id && state.visit.sequence > delivery.sequence)
}

/// An exit still in the record may already be in the history: a dispatcher archives it before its write, which
/// may then be refused.
fn has_true_history(world: &World) -> bool {
    let shown = world.record.as_ref().and_then(|r| r.delivery.as_ref());
    let shown = shown.map(|delivery| delivery.delivery_id);
    let (exits, visits) = (&world.observed.exits, &world.history.visits);
    let is_kept = |delivery: &Uuid| visits.contains_key(delivery) || Some(*delivery) == shown;
    let is_true = |(visit, kept): (&Uuid, &Kept)| {
        let exit = exits.get(visit).map(|(end, _)| end);
        exit == kept.end.as_ref()
    };
    exits.keys().all(is_kept) && visits.iter().all(is_true)
}
