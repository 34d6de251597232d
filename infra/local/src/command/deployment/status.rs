use aws::Admin;
use delivery::FileKey;
use delivery::ports::Listing;
use workflow::Stage;

use super::{on_deployment, open, within};
use crate::cli::StatusArgs;
use crate::command::SUCCESS;
use crate::command::parked::{self, Parked};
use crate::command::status::item::item;
use crate::command::status::{list, print};
use crate::error::Error;
use crate::terminal::report::print_json;

pub(in crate::command) async fn status(args: &StatusArgs) -> Result<u8, Error> {
    let admin = open(&args.target.stack()).await?;
    of_deployment(&admin, args).await.map_err(on_deployment)
}

async fn of_deployment(admin: &Admin, args: &StatusArgs) -> Result<u8, Error> {
    let (team, workflow) = within(admin, &args.within).await?;
    let table = admin.table();
    if let Some(item_id) = args.item {
        let key = FileKey {
            team: team.clone(),
            item_id,
        };
        return item(table, Some(&workflow), &key, args.json).await;
    }
    let stages: Vec<&Stage> = match &args.stage {
        None => workflow.stages.iter().collect(),
        Some(wanted) => vec![workflow.find_stage(wanted)?],
    };
    let mut rows = Vec::new();
    for stage in stages
        .into_iter()
        .filter(|stage| !args.failed || stage.webhook.is_some())
    {
        let listing = Listing {
            stage_id: stage.id,
            failed: args.failed,
        };
        rows.extend(list(table, &workflow, listing).await?);
    }
    if args.json {
        print_json(&rows)?;
    } else {
        print(&rows, args.failed)?;
    }
    let letters = parked::without_record(table, admin.parked(parked::LIMIT).await?).await?;
    let theirs = |letter: &Parked| letter.team.as_ref().is_none_or(|named| *named == team);
    let letters = letters.into_iter().filter(theirs);
    parked::print(&letters.collect::<Vec<_>>(), args.json)?;
    Ok(SUCCESS)
}
