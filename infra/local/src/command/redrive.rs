use std::io::Write;

use delivery::Assignment;
use delivery::ports::{Operator, PortError, Redriven};

use super::over_api::not_over_api;
use super::settled::settled;
use super::visits::own_rejection;
use super::work::{stopped, work};
use super::{SOME_FAILED, SUCCESS};
use crate::backend::directory::Directory;
use crate::backend::remote::Remote;
use crate::backend::unfinished::{is_under_way, keys_of, under_way};
use crate::backend::{Backend, Operation};
use crate::cli::RedriveArgs;
use crate::error::Error;
use crate::runner::drain::Drained;
use crate::terminal::output::{output, say};
use crate::terminal::report::counted;

impl Operation for RedriveArgs {
    async fn over(&self, _remote: &Remote) -> Result<u8, Error> {
        Err(not_over_api("redrive"))
    }

    async fn on(&self, backend: &impl Backend) -> Result<u8, Error> {
        match backend.here() {
            Some(directory) => here(directory, self).await,
            None => print(&backend.redrive(self.limit).await?),
        }
    }
}

async fn here(directory: &Directory, args: &RedriveArgs) -> Result<u8, Error> {
    let is_under_way = is_under_way(directory).await?;
    let mut files = keys_of(under_way(directory).await?);
    let redriven = directory.redrive(args.limit).await?;
    let sent = &redriven.sent;
    let mut code = SUCCESS;
    if is_under_way || !sent.is_empty() {
        if work(directory, &args.calls, sent.len()).await? == Drained::Stopped {
            return Ok(stopped());
        }
        files.extend(sent.iter().map(Assignment::key));
        files.sort_unstable();
        files.dedup();
        let rejected = rejected(directory, sent).await?;
        code = rejected.max(settled(directory, files).await?);
    }
    Ok(code.max(print(&redriven)?))
}

async fn rejected(directory: &Directory, sent: &[Assignment]) -> Result<u8, PortError> {
    let mut code = SUCCESS;
    for assignment in sent {
        if let Some(found) = own_rejection(directory, assignment).await? {
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

fn print(redriven: &Redriven) -> Result<u8, Error> {
    let (sent, unreadable) = (redriven.sent.len(), redriven.unreadable);
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
