//! Tells the person at the terminal when all that is left to do is to wait for attempts that are not due for long.

use std::time::{Duration, Instant, SystemTime};

use delivery::ports::{PortError, Queue, Receive};
use delivery::{Status, Timestamp};

use crate::backend::directory::Directory;
use crate::backend::unfinished::under_way;
use crate::terminal::output::say;
use crate::terminal::report::{files_wait, rounded};

/// A shorter wait needs no explanation.
const LONG: Duration = Duration::from_secs(5 * 60);

/// How often to look. Only if no message comes soon are the files looked at too.
const EVERY: Duration = Duration::from_secs(2);

/// No message comes for at least this long while all that is left is to wait.
const QUIET: Duration = Duration::from_secs(30);

/// What was said of the wait.
#[derive(Debug, Default)]
pub(super) struct LongWait {
    looked: Option<Instant>,
    /// The attempt that is waited for.
    said: Option<Timestamp>,
}

impl LongWait {
    /// Says once for each attempt that comes next how long it is until then.
    pub(super) async fn look(&mut self, engine: &Directory) -> Result<(), PortError> {
        if self.looked.is_some_and(|at| at.elapsed() < EVERY) {
            return Ok(());
        }
        self.looked = Some(Instant::now());
        let now = Timestamp::from(SystemTime::now());
        if self.said.is_some_and(|until| now < until) || comes_soon(engine, now).await? {
            return Ok(());
        }
        let files = under_way(engine).await?;
        let mut next = None;
        for file in &files {
            let Some(open) = file.delivery.as_ref() else {
                return Ok(());
            };
            if file.status != Status::Queued {
                return Ok(());
            }
            next = Some(next.map_or(open.next_at, |next: Timestamp| next.min(open.next_at)));
        }
        let wait = next.map_or(Duration::ZERO, |next| now.until(next));
        if wait >= LONG {
            self.said = next;
            let files = u64::try_from(files.len()).unwrap_or(u64::MAX);
            say!(
                "{} for the next attempt, the first for {}; Ctrl-C stops, and the same command goes on from there, also days later",
                files_wait(files),
                rounded(wait)
            );
        }
        Ok(())
    }
}

/// Whether a message is due, or will be in a moment.
async fn comes_soon(engine: &Directory, now: Timestamp) -> Result<bool, PortError> {
    for queue in [Queue::Assignments, Queue::Deliveries] {
        let next = engine.next_due(queue, |_| 1).await?;
        if next.is_some_and(|next| now.until(next) < QUIET) {
            return Ok(true);
        }
    }
    Ok(false)
}
