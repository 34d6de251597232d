use uuid::Uuid;
use workflow::{StageLookupError, Workflow};

use super::items::{self, Item, Place};
use super::{item, stages, workflows};
use crate::backend::remote::Remote;
use crate::backend::workflows::no_such_stage;
use crate::cli::StatusArgs;
use crate::command::SUCCESS;
use crate::error::Error;
use crate::terminal::output::say;
use crate::terminal::report::{files_wait, print_json};
use crate::terminal::resting::{Resting, print};

/// `status`.
pub(in crate::command) async fn status(remote: &Remote, args: &StatusArgs) -> Result<u8, Error> {
    let all = workflows(remote, &args.within).await?;
    if let Some(id) = args.item {
        return item::print(remote, id, args.json).await;
    }
    let mut shown: Vec<(&Workflow, Uuid)> = Vec::new();
    for workflow in &all {
        match args
            .stage
            .as_deref()
            .map(|wanted| workflow.find_stage(wanted))
        {
            None => shown.extend(workflow.stages.iter().map(|stage| (&**workflow, stage.id))),
            Some(Ok(stage)) => shown.push((workflow, stage.id)),
            Some(Err(StageLookupError::Unknown { .. })) => {}
            Some(Err(several)) => return Err(several.into()),
        }
    }
    if let (Some(wanted), true) = (&args.stage, shown.is_empty()) {
        return Err(no_such_stage(wanted, &all));
    }
    let filters = if args.failed { "outcome=failed" } else { "" };
    let found = items::all(remote, filters).await?;
    let place_of = |place: &Place| {
        let stage = match &place.webhook {
            Some(webhook) if args.failed => webhook.stage_id,
            _ => place.current_stage_instances[0].stage_id,
        };
        let is_it =
            |(workflow, id): &(&Workflow, Uuid)| workflow.id == place.workflow_id && *id == stage;
        shown.iter().position(is_it)
    };
    let (mut rows, mut moving) = (Vec::new(), 0);
    for item in &found {
        let Some(place) = &item.workflow_data else {
            continue;
        };
        match place_of(place) {
            Some(at) if place.at_rest => {
                let since = &place.current_stage_instances[0].entered_at;
                rows.push(((at, since.as_str()), resting(shown[at].0, item, place)));
            }
            found => moving += u64::from(found.is_some()),
        }
    }
    // In the order of the workflow's stages, and oldest first in each.
    rows.sort_by_key(|(place, _)| *place);
    let rows: Vec<Resting> = rows.into_iter().map(|(_, row)| row).collect();
    if args.json {
        print_json(&rows)?;
    } else {
        print(&rows, args.failed)?;
    }
    if moving > 0 && !args.failed {
        say!("{} for calls, or are on their way", files_wait(moving));
    }
    if !args.failed {
        stages::print(remote, &shown, args.json).await?;
    }
    Ok(SUCCESS)
}

fn resting(workflow: &Workflow, item: &Item, place: &Place) -> Resting {
    let name = |id: Uuid| {
        let stage = workflow.stage(id);
        stage.map_or_else(|| id.to_string(), |stage| stage.name.clone())
    };
    let at = place.current_stage_instances[0].stage_id;
    let is_end = workflow.stage(at).is_some_and(|stage| stage.kind.is_end());
    let webhook = place.webhook.as_ref();
    Resting {
        item_id: item.id,
        name: item.name.clone(),
        stage: name(at),
        state: if is_end { "complete" } else { "waiting" },
        webhook: webhook.map(|webhook| name(webhook.stage_id)),
        outcome: webhook.map(|webhook| webhook.status.clone()),
        attempts: webhook.map_or(0, |webhook| webhook.attempts),
        calls: webhook.map_or(0, |webhook| webhook.calls),
        status: webhook.and_then(|webhook| webhook.last_status),
        reason: webhook.and_then(|webhook| webhook.reason.clone()),
    }
}
