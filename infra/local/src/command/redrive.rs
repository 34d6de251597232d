use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use delivery::machine;
use delivery::ports::{Lists, Outgoing, SendMessages};
use delivery::{Assignment, DeadLetter};
use embedded::Engine;

use super::settled::settled;
use super::{INTERRUPTED, SOME_FAILED, SUCCESS};
use crate::backend::allowed_networks::allowed;
use crate::backend::open;
use crate::backend::unfinished::{is_under_way, keys_of, under_way};
use crate::cli::RedriveArgs;
use crate::error::Error;
use crate::runner::drain::drain;
use crate::terminal::interrupt::say_stopped;
use crate::terminal::output::{output, say};
use crate::terminal::progress::Progress;
use crate::terminal::report::counted;

pub(super) async fn redrive(args: &RedriveArgs) -> Result<u8, Error> {
    let engine = open::directory(&args.target)?;
    let is_under_way = is_under_way(&engine).await?;
    let mut files = keys_of(under_way(&engine).await?);
    let Redriven { sent, unreadable } = from_directory(&engine, args.limit).await?;
    let mut code = SUCCESS;
    if is_under_way || !sent.is_empty() {
        let calls = allowed(&engine, &args.calls)?;
        let progress = Arc::new(Progress::new(sent.len().try_into().unwrap_or(0)));
        let finished = drain(&engine, &calls, Arc::clone(&progress)).await?;
        progress.finish();
        if !finished {
            say_stopped();
            return Ok(INTERRUPTED);
        }
        files.extend(sent.iter().map(Assignment::key));
        files.sort_unstable();
        files.dedup();
        let rejected = rejected(&engine, &sent).await?;
        code = rejected.max(settled(&engine, files).await?);
    }
    Ok(code.max(print(sent.len(), unreadable)?))
}

struct Redriven {
    sent: Vec<Assignment>,
    unreadable: usize,
}

/// Deletes each letter only after its assignment was sent. Interrupted in between, the next redrive sends
/// the assignment again, which has no second effect.
async fn from_directory(engine: &Engine, most: usize) -> Result<Redriven, Error> {
    let (mut sent, mut unreadable) = (Vec::new(), 0);
    for (id, body) in engine.parked(most).await? {
        let letter = serde_json::from_str::<DeadLetter>(&body).ok();
        let assignment = letter.and_then(|letter| machine::redrive(&letter).ok());
        let Some(message) = assignment else {
            unreadable += 1;
            continue;
        };
        sent.push(message.clone());
        let delay = Duration::ZERO;
        for result in engine.send(vec![Outgoing { message, delay }]).await {
            result?;
        }
        engine.unpark(id).await?;
    }
    Ok(Redriven { sent, unreadable })
}

async fn rejected(engine: &Engine, sent: &[Assignment]) -> Result<u8, Error> {
    let mut code = SUCCESS;
    for assignment in sent {
        let rejections = engine.rejections(&assignment.key()).await?;
        let mut own = rejections.iter().rev();
        if let Some(found) = own.find(|found| found.assignment_id == assignment.assignment_id) {
            let why = found.reason.explain();
            say!(
                "item {}: its assignment was rejected: {why}",
                assignment.item_id
            );
            code = SOME_FAILED;
        }
    }
    Ok(code)
}

pub(super) fn print(sent: usize, unreadable: usize) -> Result<u8, Error> {
    let verb = if sent == 1 { "was" } else { "were" };
    output(|out| {
        let letters = counted(sent, "dead letter");
        writeln!(out, "{letters} {verb} assigned again")?;
        if unreadable > 0 {
            let letters = counted(unreadable, "dead letter");
            let why = "left parked that cannot be read as messages of this product";
            writeln!(out, "{letters} {why}")?;
        }
        Ok(())
    })?;
    Ok(if unreadable == 0 {
        SUCCESS
    } else {
        SOME_FAILED
    })
}
