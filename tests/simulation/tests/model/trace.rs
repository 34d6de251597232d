//! A path for people: what happens, step by step.

use stateright::Path;

use super::actions::Action;
use super::small::Small;
use super::worker::{At, Effect, Worker};
use super::world::{Body, Message, Record, World};

pub(crate) fn tell(model: &Small, path: Path<World, Action>) -> String {
    let steps = path.into_vec().into_iter().enumerate();
    steps
        .filter_map(|(number, (world, action))| {
            Some(format!(
                "{:>3}  {}",
                number + 1,
                step(model, &world, action?)
            ))
        })
        .collect::<Vec<_>>()
        .join("\n")
}

fn step(model: &Small, world: &World, action: Action) -> String {
    match action {
        Action::ReceiveStale(index) => {
            format!(
                "receives, with an old copy, {}",
                message(&world.messages[index])
            )
        }
        Action::Other(by) => format!("others: {by:?}"),
        Action::Receive(index) => format!("receives {}", message(&world.messages[index])),
        Action::Step(index) => worker(model, world, &world.workers[index]),
        Action::Answer(index, status) => {
            format!("{:?} is answered {status}", world.workers[index].role)
        }
        Action::Duplicate(index) => format!("DUPLICATE {}", message(&world.messages[index])),
        Action::Crash(index)
        | Action::Lost(index)
        | Action::Repeated(index)
        | Action::DuplicateInFlight(index) => {
            let struck = worker(model, world, &world.workers[index]);
            format!("{}: {struck}", format!("{action:?}").to_uppercase())
        }
        Action::Audit | Action::Pass(_) | Action::StandStill(_) => format!("{action:?}"),
    }
}

fn worker(model: &Small, world: &World, worker: &Worker) -> String {
    let settled = model.settled(world, worker);
    let does = match &settled.at {
        At::Doing(effects) => effects.first().map_or_else(String::new, effect),
        At::Failing(record) => format!("claims, to fail, {}", state(record)),
        At::Probing(_, next) => format!("becomes the probe, control v{}", next.version),
        At::Reserving(_, next, _) => format!("reserves a time, control v{}", next.version),
        At::Wanting(_) => "asks whether the condition holds".to_owned(),
        At::Claiming(record) => format!("claims {}", state(record)),
        At::Asking(..) => "asks the history".to_owned(),
        At::Claimed(_) => "calls".to_owned(),
        other => format!("{other:?}"),
    };
    let held = worker.message.as_ref().map(message).unwrap_or_default();
    format!("{:?} ({held}) {does}", worker.role)
}

fn effect(effect: &Effect) -> String {
    match effect {
        Effect::Write(record, _) => format!("writes {}", state(record)),
        Effect::KeepVisit(visit) => format!(
            "keeps visit {:.8} v{}",
            visit.visit.id.to_string(),
            visit.version
        ),
        Effect::KeepAttempt(_, attempt) => format!("keeps attempt {attempt}"),
        Effect::KeepRejection(_) => "keeps the rejection".to_owned(),
        Effect::Announce(end) => {
            let (delivery, outcome) = (end.delivery_id.to_string(), end.outcome);
            format!("announces {delivery:.8} {outcome:?}")
        }
        Effect::Send { queue, body, .. } => format!("sends to {queue:?}: {}", name(body)),
        Effect::Park => "parks".to_owned(),
        Effect::Learn(status) => format!("learns {status}"),
        Effect::Acknowledge => "acknowledges".to_owned(),
        Effect::Return => "gives back".to_owned(),
    }
}

fn state(record: &Record) -> String {
    let open = record.delivery.as_ref();
    let made = open.map(|d| (d.attempt, d.attempts.len(), d.outcome));
    let (version, status) = (record.version, record.status);
    format!(
        "v{version} {status:?} {:.8} {made:?}",
        record.visit.id.to_string()
    )
}

fn message(message: &Message) -> String {
    let (queue, receives) = (message.queue, message.receives);
    format!("{queue:?} {} x{receives}", name(&message.body))
}

fn name(body: &Body) -> String {
    match body {
        Body::Assignment(assignment, _) => format!("{:.8}", assignment.assignment_id.to_string()),
        Body::Delivery(message) => {
            format!("{:.8} {:?}", message.delivery_id.to_string(), message.task)
        }
    }
}
