mod item;
mod stages;

use delivery::ports::{FileStates, Listing, Lists, Operator, PortError, Workflows};
use delivery::{FileKey, FileState};
use uuid::Uuid;
use workflow::{Stage, StageLookupError, Workflow};

use self::item::item;
use crate::backend::directory::Directory;
use crate::backend::remote::Remote;
use crate::backend::workflows::{meant, no_such_stage};
use crate::backend::{Backend, Operation};
use crate::cli::{StatusArgs, WithinArgs};
use crate::command::visits::at_rest;
use crate::command::{SUCCESS, over_api, parked};
use crate::error::Error;
use crate::terminal::output::say;
use crate::terminal::report::print_json;
use crate::terminal::resting::{Resting, print};

impl Operation for StatusArgs {
    async fn over(&self, remote: &Remote) -> Result<u8, Error> {
        over_api::status(remote, self).await
    }

    async fn on(&self, backend: &impl Backend) -> Result<u8, Error> {
        if let Some(item_id) = self.item {
            return of_item(backend, &self.within, item_id, self.json).await;
        }
        let rows = listed(backend, self).await?;
        if self.json {
            print_json(&rows)?;
        } else {
            print(&rows, self.failed)?;
            if let Some(directory) = backend.here() {
                say_moving(directory).await?;
            }
        }
        if !self.failed {
            stages::print(backend, self).await?;
        }
        let letters = backend.parked(parked::LIMIT).await?;
        let mut letters = parked::without_record(backend.records(), letters).await?;
        letters.retain(|letter| match (&letter.team, &self.within.team) {
            (Some(named), Some(wanted)) => named == wanted,
            _ => true,
        });
        parked::print(&letters, self.json)?;
        Ok(SUCCESS)
    }
}

async fn listed(operator: &impl Operator, args: &StatusArgs) -> Result<Vec<Resting>, Error> {
    let mut rows = Vec::new();
    let mut is_known = false;
    let all = meant(operator, &args.within).await?;
    for workflow in &all {
        let stages: Vec<&Stage> = match &args.stage {
            None => workflow.stages.iter().collect(),
            Some(wanted) => match workflow.find_stage(wanted) {
                Ok(stage) => vec![stage],
                Err(StageLookupError::Unknown { .. }) => Vec::new(),
                Err(several) => return Err(several.into()),
            },
        };
        is_known |= !stages.is_empty();
        let stages = stages.into_iter();
        let stages = stages.filter(|stage| !args.failed || stage.webhook.is_some());
        let listing = Listing {
            stages: stages.map(|stage| stage.id).collect(),
            failed: args.failed,
        };
        let mut resting_here = at_rest(operator.records(), workflow, &listing).await?;
        // In the order of the workflow's stages, and oldest first in each.
        resting_here.sort_by_key(|state| place(&listing, state));
        for state in resting_here {
            let name = operator.name(&state.key).await?;
            rows.push(resting(workflow, &state, name));
        }
    }
    match &args.stage {
        Some(wanted) if !is_known => Err(no_such_stage(wanted, &all)),
        _ => Ok(rows),
    }
}

/// The place of the stage that a file is listed for, among those of the listing.
fn place(listing: &Listing, state: &FileState) -> Option<usize> {
    let stage_id = match &state.delivery {
        Some(delivery) if listing.failed => delivery.stage_id,
        _ => state.visit.stage_id,
    };
    listing.stages.iter().position(|id| *id == stage_id)
}

async fn say_moving(directory: &Directory) -> Result<(), PortError> {
    let counts = directory.counts().await?;
    let moving: u64 = ["assigned", "queued", "sending"]
        .iter()
        .filter_map(|status| counts.get(*status))
        .sum();
    if moving > 0 {
        say!(
            "{moving} files are on their way: give the same `webhook-stage run` again to continue"
        );
    }
    Ok(())
}

/// The file with this id, of the team that is named, or of any: preferably one with a record, or else one whose
/// assignment was rejected.
async fn of_item(
    operator: &impl Operator,
    within: &WithinArgs,
    item_id: Uuid,
    json: bool,
) -> Result<u8, Error> {
    let mut teams: Vec<String> = Vec::new();
    if let Some(team) = &within.team {
        meant(operator, within).await?;
        teams.push(team.clone());
    } else {
        teams.extend(
            operator
                .workflows()
                .await?
                .into_iter()
                .map(|(team, _)| team),
        );
        teams.dedup();
    }
    let records = operator.records();
    let mut chosen = None;
    for team in teams {
        let key = FileKey { team, item_id };
        if let Some(state) = records.get(&key).await? {
            let workflow = records.workflow(&key.team, state.workflow_id).await?;
            return item(operator, workflow.as_deref(), &key, json).await;
        }
        if chosen.is_none() || !records.rejections(&key).await?.is_empty() {
            chosen = Some(key);
        }
    }
    match chosen {
        Some(key) => item(operator, None, &key, json).await,
        None => Err(Error::Usage("no workflow is stored".to_owned())),
    }
}

fn resting(workflow: &Workflow, state: &FileState, name: String) -> Resting {
    let stage = |id: Uuid| {
        workflow
            .stage(id)
            .map_or_else(|| id.to_string(), |s| s.name.clone())
    };
    let delivery = state.delivery.as_ref();
    Resting {
        item_id: state.key.item_id,
        name,
        stage: stage(state.visit.stage_id),
        state: if state.status == delivery::Status::Complete {
            "complete"
        } else {
            "waiting"
        },
        webhook: delivery.map(|delivery| stage(delivery.stage_id)),
        outcome: delivery
            .and_then(|delivery| delivery.outcome)
            .map(|outcome| outcome.as_str().to_owned()),
        attempts: delivery.map_or(0, |delivery| delivery.attempts.len()),
        calls: delivery.map_or(0, delivery::DeliveryState::calls),
        status: delivery.and_then(delivery::DeliveryState::last_status),
        reason: delivery
            .and_then(|delivery| delivery.reason)
            .map(|reason| reason.code().to_owned()),
    }
}
