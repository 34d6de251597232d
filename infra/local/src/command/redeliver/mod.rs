pub(super) mod select;

use std::sync::Arc;
use std::time::Duration;

use delivery::ports::{Outgoing, SendMessages};
use embedded::Engine;
use workflow::Stage;

use self::select::{choose, find, teams_of, under_way_here};
use crate::backend::allowed_networks::allowed;
use crate::backend::open;
use crate::backend::unfinished::is_under_way;
use crate::cli::RedeliverArgs;
use crate::command::settled::report_unfinished;
use crate::command::visits::{Visit, assignments, outcome};
use crate::command::{ERROR, INTERRUPTED, SOME_FAILED, SUCCESS};
use crate::error::Error;
use crate::runner::drain::drain;
use crate::terminal::hint::say_refused;
use crate::terminal::interrupt::say_stopped;
use crate::terminal::output::say;
use crate::terminal::progress::Progress;
use crate::terminal::report::{self, Row};

/// Assignments sent in one batch.
const BATCH: usize = 500;

pub(super) async fn redeliver(args: &RedeliverArgs) -> Result<u8, Error> {
    let engine = open::directory(&args.target)?;
    let (workflow, stage) = find(&engine, &args.stage, args.within.workflow).await?;
    let teams = teams_of(&engine, &workflow).await?;
    let mut visits = choose(&engine, &teams, &workflow, &stage, &args.item).await?;
    if args.item.is_empty() {
        visits.extend(under_way_here(&engine, &workflow, &stage).await?);
    }
    if !is_under_way(&engine).await? && visits.is_empty() {
        say_nothing_to_do(&stage);
        return Ok(SUCCESS);
    }
    send_here(&engine, &visits).await?;
    let progress = Arc::new(Progress::new(u64::try_from(visits.len()).unwrap_or(0)));
    let calls = allowed(&engine, &args.calls)?;
    let finished = drain(&engine, &calls, Arc::clone(&progress)).await?;
    progress.finish();
    let (mut rows, mut refused) = (Vec::new(), None);
    for visit in &visits {
        let row = outcome(&engine, &workflow, &stage, visit).await?;
        if row.as_ref().is_some_and(Row::is_refused) {
            refused = refused.or(Some(&visit.key));
        }
        rows.extend(row);
    }
    if visits.is_empty() {
        say_nothing_to_do(&stage);
    } else if args.json {
        report::print_json(&rows)?;
    } else {
        report::print_table(&rows)?;
    }
    if !finished {
        say_stopped();
        return Ok(INTERRUPTED);
    }
    if let Some(key) = refused {
        say_refused(&engine, key).await?;
    }
    Ok(if rows.len() < visits.len() {
        report_unfinished(&engine, visits.len() - rows.len());
        ERROR
    } else if rows.iter().all(Row::is_success) {
        SUCCESS
    } else {
        SOME_FAILED
    })
}

async fn send_here(engine: &Engine, visits: &[Visit]) -> Result<(), Error> {
    for batch in assignments(visits).chunks(BATCH) {
        let messages = batch.iter().cloned().map(|message| Outgoing {
            message,
            delay: Duration::ZERO,
        });
        for result in engine.send(messages.collect()).await {
            result?;
        }
    }
    Ok(())
}

pub(super) fn say_nothing_to_do(stage: &Stage) {
    say!(
        "nothing to send again: no file's last webhook at \"{}\" failed",
        stage.name
    );
}
