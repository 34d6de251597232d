mod summary;

use std::sync::Arc;

use delivery::machine::visit_id_of;
use delivery::ports::{FileStates, PortError};
use delivery::{Assignment, FileState, Outcome};
use futures_util::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;
use workflow::{Stage, Workflow};

use self::summary::{Ended, say_what_next};
use crate::backend::allowed_networks;
use crate::backend::directory::{self, Directory};
use crate::cli::RunArgs;
use crate::command::visits::{code_of, own_rejection, send};
use crate::command::waiting::PausedHere;
use crate::command::work::stopped;
use crate::command::{ERROR, PAUSED};
use crate::error::Error;
use crate::intake::assignment::assignment;
use crate::intake::discover::discover;
use crate::intake::register::{Registered, register};
use crate::intake::workflow_file::configured;
use crate::runner::drain::{Drained, drain};
use crate::runner::signer;
use crate::terminal::progress::Progress;
use crate::terminal::report::{self, Row};

/// How many files are looked up at the same time.
const LOOKUPS: usize = 64;

/// Runs `webhook-stage run`.
///
/// # Errors
/// [`Error`] before anything is sent; after that, only when the engine fails.
pub(crate) async fn run(args: &RunArgs) -> Result<u8, Error> {
    let configured = configured(&args.workflow, &args.overrides)?;
    signer::check(&configured.workflow)?;
    let paths = discover(&args.documents)?;
    if paths.is_empty() {
        return Err(Error::Usage("--documents: no .json files found".to_owned()));
    }
    let engine = directory::create(&args.state)?;
    allowed_networks::keep(&engine, &args.calls.allow_network)?;
    let registration = register(&engine, &paths, None).await?;
    let mut teams: Vec<&str> = registration
        .files
        .iter()
        .map(|file| file.key.team.as_str())
        .collect();
    teams.sort_unstable();
    teams.dedup();
    for team in teams {
        configured.store(&engine, team).await?;
    }
    let run = Run {
        args,
        engine: &engine,
        workflow: &configured.workflow,
        stage: &configured.stage,
    };
    let planned = stream::iter(&registration.files);
    let run = &run;
    let planned = planned.map(|file| async move { run.plan(file).await.map(|plan| (file, plan)) });
    let mut planned: Vec<_> = planned.buffered(LOOKUPS).try_collect().await?;
    let drained = run.work(&mut planned).await?;
    let paused = PausedHere::read(&engine).await?;
    let (mut ended, mut waiting) = (Vec::with_capacity(planned.len()), 0);
    for (file, plan) in &planned {
        let row = run.row(file, plan).await?;
        if row.is_none() && drained == Drained::Paused {
            let state = engine.get(&file.key).await?;
            waiting += usize::from(state.is_some_and(|state| paused.has(&state)));
        }
        ended.extend(row.map(|row| Ended {
            key: file.key.clone(),
            row,
            before: matches!(plan, Plan::Passed(_) | Plan::FailedBefore(_)),
        }));
    }
    let rows: Vec<Row> = ended.iter().map(|ended| ended.row.clone()).collect();
    report::print(&rows, args.json)?;
    if drained == Drained::Stopped {
        return Ok(stopped());
    }
    let left = planned.len() - ended.len() - waiting;
    say_what_next(&engine, &ended, left).await?;
    if drained == Drained::Paused {
        paused.say(&engine).await?;
    }
    Ok(if registration.broken > 0 || left > 0 {
        ERROR
    } else if drained == Drained::Paused {
        PAUSED
    } else {
        code_of(&rows)
    })
}

/// What this run has to do for a file.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Plan {
    /// Nothing: it has already passed the stage, in this visit.
    Passed(Uuid),
    /// Nothing: its delivery failed in an earlier run, in this visit.
    FailedBefore(Uuid),
    /// Continue: an earlier run left it on its way, in this visit to the stage, or else in another stage.
    Continue(Option<Uuid>),
    /// Send this assignment.
    Assign(Box<Assignment>),
}

struct Run<'a> {
    args: &'a RunArgs,
    engine: &'a Directory,
    workflow: &'a Workflow,
    stage: &'a Stage,
}

impl Run<'_> {
    async fn plan(&self, file: &Registered) -> Result<Plan, PortError> {
        let state = self.engine.get(&file.key).await?;
        let here = state.filter(|state| state.workflow_id == self.workflow.id);
        let Some(state) = here else {
            return Ok(Plan::Assign(Box::new(self.assignment(file))));
        };
        if !state.status.is_at_rest() {
            let is_here = state.visit.stage_id == self.stage.id;
            return Ok(Plan::Continue(is_here.then_some(state.visit.id)));
        }
        self.plan_at_rest(file, &state).await
    }

    async fn plan_at_rest(&self, file: &Registered, state: &FileState) -> Result<Plan, PortError> {
        let deliveries = report::deliveries(self.engine, state).await?;
        let last = deliveries
            .iter()
            .rev()
            .find(|delivery| delivery.stage_id == self.stage.id);
        Ok(match last {
            Some(last) if last.outcome == Some(Outcome::Failed) => {
                Plan::FailedBefore(last.delivery_id)
            }
            Some(last) if state.passed.contains(&self.stage.id) => Plan::Passed(last.delivery_id),
            _ => Plan::Assign(Box::new(self.assignment(file))),
        })
    }

    fn assignment(&self, file: &Registered) -> Assignment {
        assignment(self.workflow.id, self.stage.id, &file.key, self.args.role)
    }

    async fn work(&self, planned: &mut [(&Registered, Plan)]) -> Result<Drained, Error> {
        let todo = planned
            .iter()
            .filter(|(_, plan)| matches!(plan, Plan::Assign(_) | Plan::Continue(_)))
            .count();
        let progress = Arc::new(Progress::new(u64::try_from(todo).unwrap_or(0)));
        self.send(planned.iter().map(|(_, plan)| plan)).await?;
        let mut drained = self.drain(&progress).await?;
        // Files that were on their way through another stage are at rest now, and can be assigned to this one.
        let mut late = Vec::new();
        for (file, plan) in planned
            .iter_mut()
            .filter(|(_, plan)| *plan == Plan::Continue(None))
        {
            *plan = self.plan(file).await?;
            if drained != Drained::Stopped && matches!(plan, Plan::Assign(_)) {
                late.push(plan.clone());
            }
        }
        if !late.is_empty() {
            self.send(late.iter()).await?;
            drained = self.drain(&progress).await?;
        }
        progress.finish();
        Ok(drained)
    }

    async fn drain(&self, progress: &Arc<Progress>) -> Result<Drained, Error> {
        drain(self.engine, &self.args.calls, Arc::clone(progress)).await
    }

    async fn send(&self, plans: impl Iterator<Item = &Plan>) -> Result<(), PortError> {
        let assignments = plans.filter_map(|plan| match plan {
            Plan::Assign(assignment) => Some((**assignment).clone()),
            _ => None,
        });
        send(self.engine, &assignments.collect::<Vec<_>>()).await
    }

    /// None for a file that is still on its way because a person stopped the run, or its stage is paused.
    async fn row(&self, file: &Registered, plan: &Plan) -> Result<Option<Row>, PortError> {
        let (key, name) = (&file.key, file.name.as_str());
        let state = self.engine.get(key).await?;
        let deliveries = match &state {
            Some(state) => report::deliveries(self.engine, state).await?,
            None => Vec::new(),
        };
        let row = |id| report::row_of(self.workflow, key, name, &deliveries, id);
        Ok(match plan {
            Plan::Passed(id) => row(*id).map(|row| Row {
                outcome: "already_passed",
                ..row
            }),
            Plan::FailedBefore(id) | Plan::Continue(Some(id)) => row(*id),
            Plan::Continue(None) => None,
            Plan::Assign(assignment) => match row(visit_id_of(assignment)) {
                Some(row) => Some(row),
                None => own_rejection(self.engine, assignment)
                    .await?
                    .map(|own| Row::rejected(key, name, &self.stage.name, own.reason)),
            },
        })
    }
}
