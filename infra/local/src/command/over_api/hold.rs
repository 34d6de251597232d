//! `pause`, `resume` and `close`.

use std::io::Write;

use serde_json::json;

use super::stages::StageState;
use super::webhook_stage;
use crate::backend::remote::Remote;
use crate::cli::{PauseArgs, StageArgs};
use crate::command::SUCCESS;
use crate::error::Error;
use crate::terminal::output::{output, shown};

/// `pause`.
pub(in crate::command) async fn pause(remote: &Remote, args: &PauseArgs) -> Result<u8, Error> {
    let body = json!({"reason": args.reason}).to_string();
    change(remote, &args.stage, "pause", body, |now| {
        let why = now.why_paused();
        format!(
            "is paused ({why}): within seconds no more calls are made; its files wait, and no attempt is spent"
        )
    })
    .await
}

/// `resume`.
pub(in crate::command) async fn resume(remote: &Remote, args: &StageArgs) -> Result<u8, Error> {
    change(remote, args, "resume", String::new(), |_| {
        "is not paused; its files go on one by one".to_owned()
    })
    .await
}

/// `close`.
pub(in crate::command) async fn close(remote: &Remote, args: &StageArgs) -> Result<u8, Error> {
    change(remote, args, "close", String::new(), |_| {
        "has its circuit breaker closed; deliveries that were put off still wait until they are due"
            .to_owned()
    })
    .await
}

async fn change(
    remote: &Remote,
    args: &StageArgs,
    what: &str,
    body: String,
    say: impl Fn(&StageState) -> String,
) -> Result<u8, Error> {
    let (workflow, stage) = webhook_stage(remote, &args.stage, &args.within).await?;
    let path = format!("workflows/{}/stages/{}/{what}", workflow.id, stage.id);
    let now: StageState = remote.post(&path, body).await?;
    let line = shown(&format!("stage \"{}\" {}", stage.name, say(&now)));
    output(|out| writeln!(out, "{line}"))?;
    Ok(SUCCESS)
}
