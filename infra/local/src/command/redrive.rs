use std::sync::Arc;
use std::time::Duration;

use delivery::DeadLetter;
use delivery::machine;
use delivery::ports::{Outgoing, SendMessages};
use embedded::Engine;

use super::{INTERRUPTED, SOME_FAILED, SUCCESS};
use crate::cli::RedriveArgs;
use crate::error::Error;
use crate::progress::Progress;
use crate::report::counted;
use crate::target;
use crate::work::{is_under_way, say_stopped, until_at_rest};

/// `webhook-stage redrive`.
///
/// # Errors
/// [`Error`] when the state directory or the deployment fails; what was redriven stays so.
pub async fn redrive(args: &RedriveArgs) -> Result<u8, Error> {
    if args.target.aws {
        let admin = target::deployment(&args.target.stack).await?;
        let redriven = admin.redrive(args.most).await.map_err(Error::Deployment)?;
        return Ok(say(redriven.sent, redriven.unreadable));
    }
    let engine = target::directory(&args.target)?;
    let under_way = is_under_way(&engine).await?;
    let (sent, unreadable) = from_directory(&engine, args.most).await?;
    if sent > 0 || under_way {
        let progress = Arc::new(Progress::new(sent.try_into().unwrap_or(0)));
        let finished = until_at_rest(&engine, &args.calls, Arc::clone(&progress)).await?;
        progress.finish();
        if !finished {
            say_stopped();
            return Ok(INTERRUPTED);
        }
    }
    Ok(say(sent, unreadable))
}

/// Each letter goes after its assignment is sent: cut short, it is sent again, without a second effect.
async fn from_directory(engine: &Engine, most: usize) -> Result<(usize, usize), Error> {
    let (mut sent, mut unreadable) = (0, 0);
    for (id, body) in engine.parked(most).await? {
        let letter = serde_json::from_str::<DeadLetter>(&body).ok();
        let assignment = letter.and_then(|letter| machine::redrive(&letter).ok());
        let Some(message) = assignment else {
            unreadable += 1;
            continue;
        };
        let delay = Duration::ZERO;
        for result in engine.send(vec![Outgoing { message, delay }]).await {
            result?;
        }
        engine.unpark(id).await?;
        sent += 1;
    }
    Ok((sent, unreadable))
}

fn say(sent: usize, unreadable: usize) -> u8 {
    let verb = if sent == 1 { "was" } else { "were" };
    println!("{} {verb} assigned again", counted(sent, "dead letter"));
    if unreadable == 0 {
        return SUCCESS;
    }
    println!(
        "{} left parked that hold no message of this product: each says why",
        counted(unreadable, "dead letter")
    );
    SOME_FAILED
}
