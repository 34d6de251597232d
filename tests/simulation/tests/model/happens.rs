//! What must happen in at least one world; otherwise the invariants would hold trivially.

use std::collections::BTreeSet;

use delivery::machine::{Effect as Product, FromHistory, SenderStep, Sent, Step, send_step};
use delivery::{DeliveryState, Outcome, Reason, Status};
use stateright::Property;
use uuid::Uuid;

use super::clock::NOW;
use super::scenario;
use super::small::Small;
use super::worker::{At, Effect, Role, Worker};
use super::world::{Body, Queue, World};

pub(crate) fn all() -> Vec<Property<Small>> {
    type P = Property<Small>;
    vec![
        P::sometimes("both stages succeed", |model, world| {
            model.once(0, || {
                let taken = world.observed.exits.values();
                let taken = taken.filter(|(end, _)| end.outcome == Outcome::Succeeded);
                let stages: BTreeSet<Uuid> = taken.map(|(end, _)| end.stage_id).collect();
                world.is_quiet()
                    && ["A", "B"]
                        .map(scenario::id)
                        .iter()
                        .all(|s| stages.contains(s))
            })
        }),
        P::sometimes("a command waits for its file", |model, world| {
            model.once(40, || {
                begins(model, world, Role::Dispatcher, |effect| {
                    matches!(
                        effect,
                        Effect::Send {
                            queue: Queue::Assignments,
                            is_delayed: true,
                            ..
                        }
                    )
                })
            })
        }),
        P::sometimes("a command that has waited takes effect", |model, world| {
            model.once(41, || {
                some(world, |worker| {
                    let has_waited = matches!(worker.body(), Some(Body::Assignment(assignment, _)) if assignment.waits > 0);
                    let At::Doing(effects) = &worker.at else {
                        return false;
                    };
                    has_waited && matches!(effects.first(), Some(Effect::Write(..)))
                })
            })
        }),
        P::sometimes("a file is skipped", |model, world| {
            model.once(39, || {
                world.is_quiet() && ends(world, |d| d.outcome == Some(Outcome::Skipped))
            })
        }),
        P::sometimes("a delivery fails after all its retries", |model, world| {
            model.once(1, || {
                ends(world, |d| {
                    d.outcome == Some(Outcome::Failed) && d.attempts.len() == 2
                })
            })
        }),
        P::sometimes("a 410 ends a delivery at once", |model, world| {
            model.once(2, || {
                ends(world, |d| {
                    d.reason == Some(Reason::Gone) && d.attempts.len() == 1
                })
            })
        }),
        P::sometimes(
            "a file goes on from the first stage to the second",
            |model, world| {
                model.once(3, || {
                    let record = world.record.as_ref();
                    record.is_some_and(|r| {
                        r.status == Status::Queued && r.visit.stage_id == scenario::id("B")
                    })
                })
            },
        ),
        P::sometimes("two senders are at work at once", |model, world| {
            model.once(4, || {
                let senders = world.workers.iter().filter(|w| w.role == Role::Sender);
                senders.count() == 2
            })
        }),
        P::sometimes("a claim is lost to a conflict", |model, world| {
            model.once(5, || {
                some(world, |w| {
                    w.role == Role::Sender && w.conflicts == 1 && matches!(w.at, At::Read(_))
                })
            })
        }),
        P::sometimes("a result is lost to a conflict", |model, world| {
            model.once(6, || {
                some(world, |w| {
                    let gives_up = At::Doing(vec![Effect::Return]);
                    w.role == Role::Sender && w.conflicts == 1 && w.at == gives_up
                })
            })
        }),
        P::sometimes(
            "a lease is taken over and the same attempt called again",
            |model, world| {
                model.once(7, || {
                    world
                        .observed
                        .calls
                        .values()
                        .any(|c| c.begun == 2 && c.open == 1)
                })
            },
        ),
        P::sometimes("a sender finds the attempt held", |model, world| {
            model.once(8, || {
                sends(world, |decision| matches!(decision, Step::Wait(_)))
            })
        }),
        P::sometimes("a sender finds nothing to do", |model, world| {
            model.once(9, || {
                sends(
                    world,
                    |decision| matches!(decision, Step::Do(effects, _) if effects.is_empty()),
                )
            })
        }),
        P::sometimes("a sender sends the next attempt again", |model, world| {
            model.once(10, || {
                sends(world, |decision| {
                    matches!(first(&decision), Some(Product::SendDelivery(..)))
                })
            })
        }),
        P::sometimes("a sender assigns the next stage again", |model, world| {
            model.once(11, || {
                sends(world, |decision| {
                    matches!(first(&decision), Some(Product::SendAssignment(..)))
                })
            })
        }),
        P::sometimes("a dispatcher sends the delivery again", |model, world| {
            model.once(12, || {
                begins(model, world, Role::Dispatcher, |effect| {
                    matches!(
                        effect,
                        Effect::Send {
                            queue: Queue::Deliveries,
                            is_delayed: false,
                            ..
                        }
                    )
                })
            })
        }),
        P::sometimes("the history knows a command's visit", |model, world| {
            model.once(13, || {
                some(world, |w| {
                    w.role == Role::Dispatcher && matches!(w.at, At::Asked(_, Some(Some(_))))
                })
            })
        }),
        P::sometimes(
            "a sender whose lease is over makes no call",
            |model, world| {
                model.once(14, || {
                    some(world, |w| {
                        matches!(w.at, At::Claimed(_)) && model.settled(world, w).at != w.at
                    })
                })
            },
        ),
        P::sometimes("a dead letter closes a delivery", |model, world| {
            model.once(15, || {
                ends(world, |d| d.reason == Some(Reason::DeadLettered))
            })
        }),
        P::sometimes("a dead letter finds the attempt held", |model, world| {
            model.once(16, || {
                let returns = At::Doing(vec![Effect::Return]);
                some(world, |w| {
                    w.role == Role::DeadLetter && model.settled(world, w).at == returns
                })
            })
        }),
        P::sometimes("an audit sends a message again", |model, world| {
            model.once(17, || {
                some(world, |w| {
                    w.role == Role::Audit
                        && matches!(&model.settled(world, w).at, At::Doing(e) if e.len() == 2)
                })
            })
        }),
        P::sometimes("a command is rejected", |model, world| {
            model.once(18, || !world.history.rejections.is_empty())
        }),
        P::sometimes("a file is sent through a stage again", |model, world| {
            model.once(19, || {
                let mut stages = BTreeSet::new();
                let mut exits = world.observed.exits.values();
                exits.any(|(end, _)| !stages.insert(end.stage_id))
            })
        }),
        P::sometimes(
            "a sender announces from the record what was not announced",
            |model, world| {
                model.once(20, || {
                    sends(world, |decision| match first(&decision) {
                        Some(Product::Announce(left)) => is_owed(world, left.delivery_id),
                        _ => false,
                    })
                })
            },
        ),
        P::sometimes(
            "a sender announces from the history what was not announced",
            |model, world| model.once(21, || announces_again(world, Role::Sender)),
        ),
        P::sometimes(
            "a dead letter announces from the history what was not announced",
            |model, world| model.once(22, || announces_again(world, Role::DeadLetter)),
        ),
        P::sometimes(
            "a dead letter closes a file that has only arrived",
            |model, world| {
                model.once(23, || {
                    begins(model, world, Role::DeadLetter, |effect| {
                        matches!(effect, Effect::KeepVisit(_))
                    })
                })
            },
        ),
        P::sometimes(
            "a dead letter assigns the next stage again",
            |model, world| {
                model.once(24, || {
                    begins(model, world, Role::DeadLetter, |effect| {
                        let queue = Queue::Assignments;
                        matches!(effect, Effect::Send { queue: to, .. } if *to == queue)
                    })
                })
            },
        ),
        P::sometimes("a delivery is put off by the breaker", |model, world| {
            model.once(25, || world.observed.put_off > 0)
        }),
        P::sometimes("a delivery becomes the probe", |model, world| {
            model.once(26, || {
                some(world, |w| {
                    matches!(model.settled(world, w).at, At::Probing(..))
                })
            })
        }),
        P::sometimes(
            "a delivery finds another to be the probe",
            |model, world| {
                model.once(27, || {
                    some(world, |w| match &model.settled(world, w).at {
                        At::Probing(_, next) => world
                            .control
                            .as_ref()
                            .is_some_and(|control| control.version >= next.version),
                        _ => false,
                    })
                })
            },
        ),
        P::sometimes(
            "an attempt fails because patience is used up",
            |model, world| {
                model.once(28, || {
                    let delivery = world.record.as_ref().and_then(|r| r.delivery.as_ref());
                    delivery.is_some_and(|d| {
                        let mut attempts = d.attempts.iter();
                        attempts.any(|attempt| attempt.reason == Some(Reason::CircuitOpen))
                    })
                })
            },
        ),
        P::sometimes(
            "a call is made by an old copy of the control record",
            |model, world| model.once(30, || some(world, |w| is_late(world, w))),
        ),
        P::sometimes("a leg of a wait follows another", |model, world| {
            model.once(32, || {
                some(world, |w| {
                    let message = w.message.as_ref();
                    let At::Doing(effects) = &model.settled(world, w).at else {
                        return false;
                    };
                    message.is_some_and(|message| message.seen.is_some())
                        && matches!(effects[..], [Effect::Send { seen: Some(_), .. }, _])
                })
            })
        }),
        P::sometimes(
            "a leg comes after the record has changed",
            |model, world| {
                model.once(31, || {
                    some(world, |w| match (&w.at, &w.message) {
                        (At::Read(Some(seen)), Some(message)) => {
                            message.seen.as_ref() == Some(seen)
                                && world.record.as_ref() != Some(seen)
                        }
                        _ => false,
                    })
                })
            },
        ),
        P::sometimes(
            "a call is made while the receiver recovers",
            |model, world| {
                model.once(29, || {
                    some(world, |w| {
                        matches!(w.at, At::Calling(_)) && w.reserved.is_some()
                    })
                })
            },
        ),
    ]
}

/// Whether the worker calls although the stage now holds its delivery back.
fn is_late(world: &World, worker: &Worker) -> bool {
    let copy = worker.control.as_ref().map(|copy| copy.version);
    let current = world.control.as_ref();
    matches!(worker.at, At::Calling(_))
        && current.is_some_and(|now| Some(now.version) > copy && !now.is_plain())
}

fn ends(world: &World, how: impl Fn(&DeliveryState) -> bool) -> bool {
    let delivery = world.record.as_ref().and_then(|r| r.delivery.as_ref());
    delivery.is_some_and(how)
}

fn some(world: &World, is: impl Fn(&Worker) -> bool) -> bool {
    world.workers.iter().any(is)
}

/// Whether a worker that has just read the record, or what the history says, has this to do first.
fn begins(model: &Small, world: &World, role: Role, does: impl Fn(&Effect) -> bool) -> bool {
    some(world, |worker| {
        let has_read = worker.role == role && matches!(worker.at, At::Read(_) | At::Asked(..));
        let At::Doing(effects) = model.settled(world, worker).at else {
            return false;
        };
        has_read && effects.first().is_some_and(&does)
    })
}

fn announces_again(world: &World, role: Role) -> bool {
    some(world, |worker| match &worker.at {
        At::Asked(_, Some(Some(Some(left)))) => {
            worker.role == role && is_owed(world, left.delivery_id)
        }
        _ => false,
    })
}

/// Whether the delivery has ended, and nobody has been told.
fn is_owed(world: &World, delivery: Uuid) -> bool {
    let exit = world.observed.exits.get(&delivery);
    exit.is_some_and(|(_, is_announced)| !is_announced)
}

fn sends(world: &World, decides: impl Fn(Step<Sent, SenderStep>) -> bool) -> bool {
    some(world, |worker| {
        let (At::Read(Some(record)), Role::Sender) = (&worker.at, worker.role) else {
            return false;
        };
        let Some(Body::Delivery(message)) = worker.body() else {
            return false;
        };
        decides(send_step(
            message,
            record,
            &FromHistory::NotAsked,
            None,
            NOW,
        ))
    })
}

fn first<R, C>(step: &Step<R, C>) -> Option<&Product> {
    match step {
        Step::Do(effects, _) => effects.first(),
        _ => None,
    }
}
