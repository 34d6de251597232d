use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use serde_json::json;
use uuid::Uuid;
use workflow::{Stage, Workflow};

use super::redeliver::Commands;
use super::workflows;
use crate::backend::remote::Remote;
use crate::backend::workflows::stage_of;
use crate::cli::{AssignArgs, WithinArgs};
use crate::command::{ERROR, SUCCESS};
use crate::error::Error;
use crate::intake::discover::discover;
use crate::intake::source_document;
use crate::terminal::notices::Notices;
use crate::terminal::output::say;
use crate::terminal::report::counted;

/// Documents that are sent at the same time.
const CONCURRENCY: usize = 8;

/// Items that one request names.
const NAMED: usize = 10_000;

#[derive(Deserialize)]
struct Registered {
    id: Uuid,
}

/// `assign`. Files that were registered before an error stay registered.
pub(in crate::command) async fn assign(remote: &Remote, args: &AssignArgs) -> Result<u8, Error> {
    let within = WithinArgs {
        team: args.team.clone(),
        workflow: Some(args.workflow),
    };
    let all = workflows(remote, &within).await?;
    let workflow: &Workflow = &all[0];
    let stage: &Stage = stage_of(workflow, args.stage.as_deref())?;
    let paths = match args.documents.is_empty() {
        true => Vec::new(),
        false => discover(&args.documents)?,
    };
    let (mut items, broken) = registered(remote, paths).await?;
    let named = args.item.iter().filter(|id| !items.contains(id));
    items.extend(named.copied().collect::<BTreeSet<_>>());
    let mut files = 0;
    for named in items.chunks(NAMED) {
        let body = json!({
            "filters": {"item_ids": named}, "workflow_id": workflow.id, "stage_id": stage.id,
        });
        let commands: Commands = remote.post("items/stage", body.to_string()).await?;
        files += commands.created_commands;
    }
    say!("{} assigned to \"{}\"", counted(files, "file"), stage.name);
    let missing = items.len().saturating_sub(files);
    if missing > 0 {
        let missing = counted(missing, "item");
        say!("error[unknown_item]: --item: {missing} of those named are not known to the API");
    }
    Ok(if broken + missing > 0 { ERROR } else { SUCCESS })
}

/// The items of documents, in order and each once, and how many documents could not be registered.
async fn registered(remote: &Remote, paths: Vec<PathBuf>) -> Result<(Vec<Uuid>, usize), Error> {
    let (mut items, mut seen, mut broken) = (Vec::new(), HashSet::new(), 0);
    let mut notices = Notices::default();
    let mut sent = stream::iter(&paths)
        .map(|path| async move { (path, register(remote, path).await) })
        .buffered(CONCURRENCY);
    while let Some((path, registered)) = sent.next().await {
        let path = path.display();
        let (id, oddities) = match registered? {
            Ok(registered) => registered,
            Err(why) => {
                broken += 1;
                say!("error[document_invalid]: {why}");
                continue;
            }
        };
        for oddity in &oddities {
            notices.warn(
                oddity,
                format_args!("{path}: {oddity}; it is sent unchanged"),
            );
        }
        if seen.insert(id) {
            items.push(id);
        } else {
            let line =
                format_args!("{path}: another document of the same item; one of them counts");
            notices.warn("several documents of an item", line);
        }
    }
    drop(sent);
    notices.finish();
    Ok((items, broken))
}

/// The item of a document, and what is odd about it; or why it cannot be registered.
async fn register(
    remote: &Remote,
    path: &Path,
) -> Result<Result<(Uuid, Vec<String>), String>, Error> {
    let found = match source_document::read(path) {
        Err(broken) => return Ok(Err(broken.to_string())),
        Ok(found) => found,
    };
    let answer: Result<Registered, String> = remote.offer("items", found.bytes).await?;
    Ok(match answer {
        Ok(registered) => Ok((registered.id, found.about.oddities)),
        Err(why) => Err(format!("{}: {why}", path.display())),
    })
}
