mod select;

use delivery::ports::{FileStates, Operator};
use workflow::{Stage, Workflow};

use self::select::{choose, under_way_here};
use crate::backend::directory::Directory;
use crate::backend::remote::Remote;
use crate::backend::unfinished::is_under_way;
use crate::backend::workflows::{teams_of, webhook_stage};
use crate::backend::{Backend, Operation};
use crate::cli::RedeliverArgs;
use crate::command::settled::report_unfinished;
use crate::command::visits::{Visit, assignments, code_of, outcome, send};
use crate::command::wait::wait_and_print;
use crate::command::waiting::PausedHere;
use crate::command::work::{stopped, work};
use crate::command::{ERROR, PAUSED, SUCCESS, over_api};
use crate::error::Error;
use crate::runner::drain::Drained;
use crate::terminal::hint::say_refused;
use crate::terminal::output::say;
use crate::terminal::report::{self, Row};

impl Operation for RedeliverArgs {
    async fn over(&self, remote: &Remote) -> Result<u8, Error> {
        over_api::redeliver(remote, self).await
    }

    async fn on(&self, backend: &impl Backend) -> Result<u8, Error> {
        let (workflow, stage) = webhook_stage(backend, &self.stage, &self.within).await?;
        let teams = teams_of(backend, self.within.team.as_ref(), workflow.id).await?;
        let visits = choose(backend, &teams, &workflow, &stage, &self.item).await?;
        match backend.here() {
            Some(directory) => here(directory, self, &workflow, &stage, visits).await,
            None => on_deployment(backend, self, &workflow, &stage, &visits).await,
        }
    }
}

async fn here(
    directory: &Directory,
    args: &RedeliverArgs,
    workflow: &Workflow,
    stage: &Stage,
    mut visits: Vec<Visit>,
) -> Result<u8, Error> {
    if args.item.is_empty() {
        visits.extend(under_way_here(directory, workflow, stage).await?);
    }
    if !is_under_way(directory).await? && visits.is_empty() {
        say_nothing_to_do(stage);
        return Ok(SUCCESS);
    }
    send(directory, &assignments(&visits)).await?;
    let drained = work(directory, &args.calls, visits.len()).await?;
    let paused = PausedHere::read(directory).await?;
    let (mut rows, mut refused, mut left) = (Vec::new(), None, 0);
    for visit in &visits {
        let row = outcome(directory, workflow, stage, visit).await?;
        if row.as_ref().is_some_and(Row::is_refused) {
            refused = refused.or(Some(&visit.key));
        }
        if row.is_none() {
            let state = directory.get(&visit.key).await?;
            left += usize::from(!state.is_some_and(|state| paused.has(&state)));
        }
        rows.extend(row);
    }
    if visits.is_empty() {
        say_nothing_to_do(stage);
    } else {
        report::print(&rows, args.json)?;
    }
    if drained == Drained::Stopped {
        return Ok(stopped());
    }
    if let Some(key) = refused {
        say_refused(directory, key).await?;
    }
    if drained == Drained::Paused {
        paused.say(directory).await?;
    }
    if left > 0 {
        report_unfinished(directory, left);
        return Ok(ERROR);
    }
    Ok(match drained {
        Drained::Paused => PAUSED,
        _ => code_of(&rows),
    })
}

async fn on_deployment(
    operator: &impl Operator,
    args: &RedeliverArgs,
    workflow: &Workflow,
    stage: &Stage,
    visits: &[Visit],
) -> Result<u8, Error> {
    if visits.is_empty() {
        say_nothing_to_do(stage);
        return Ok(SUCCESS);
    }
    let assignments = assignments(visits);
    send(operator, &assignments).await?;
    let files = report::counted(assignments.len(), "file");
    say!("{files} sent again");
    if !args.wait {
        return Ok(SUCCESS);
    }
    wait_and_print(operator, workflow, stage, visits, args.json).await
}

fn say_nothing_to_do(stage: &Stage) {
    say!(
        "nothing to send again: no file's last webhook at \"{}\" failed",
        stage.name
    );
}
