//! `webhook-stage try`: what a stage would do with a document.

use std::io::Write;

use delivery::ports::{Caller, Wanted};
use delivery::retry::{Policy, Verdict};
use delivery::{Answer, Outcome, Reason};
use webhook::{NoPreview, Preview};
use workflow::{Stage, WebhookConfig, Workflow};

use super::test_call::{TestCall, caller, first_attempt, send};
use super::{SOME_FAILED, SUCCESS};
use crate::cli::TryArgs;
use crate::error::Error;
use crate::intake::source_document;
use crate::intake::workflow_file::configured;
use crate::terminal::hint;
use crate::terminal::output::{output, say, shown};
use crate::terminal::report::rounded;

/// Shows whether the stage's condition holds for a document, the exact request, and what would follow from each kind of
/// answer. With `--send` the call is made.
///
/// # Errors
/// [`Error`] when the workflow or the document cannot be used.
pub(crate) async fn try_out(args: &TryArgs) -> Result<u8, Error> {
    let configured = configured(&args.workflow, &args.overrides)?;
    let (workflow, stage) = (&configured.workflow, &configured.stage);
    let Some(config) = stage.webhook.clone() else {
        return Err(Error::Usage(format!(
            "--stage: \"{}\" is not a Webhook stage",
            stage.name
        )));
    };
    let document = source_document::read(&args.document)
        .map_err(|broken| Error::Usage(format!("--document: {broken}")))?;
    let own = |reference| config.secret_ref.as_ref() == Some(reference);
    let secrets = configured.secrets.iter().find(|(known, _)| own(known));
    let secrets = match (secrets, &config.secret_ref) {
        (Some((_, secrets)), _) => secrets.clone(),
        (None, None) => workflow::StageSecrets::default(),
        (None, Some(reference)) => {
            say!(
                "warning: the stage's secrets are stored as {reference}, and are not in the file: the request is shown without them"
            );
            workflow::StageSecrets::default()
        }
    };
    let call = TestCall {
        team: document.about.team.clone(),
        workflow_id: workflow.id,
        workflow_name: workflow.name.clone(),
        stage_id: stage.id,
        stage_name: stage.name.clone(),
        ..first_attempt(config.clone(), secrets, document.bytes.clone())
    };
    let caller = caller(&args.allow_network)?;
    let wanted = caller.wants(&call).await?;
    say_wanted(workflow, stage, &config, &wanted)?;
    match wanted {
        Wanted::Yes => {}
        Wanted::No => return Ok(SUCCESS),
        Wanted::Unclear(..) => return Ok(SOME_FAILED),
    }
    match caller.preview(&call).await {
        Ok(preview) => show(&preview)?,
        Err(NoPreview::Reason { reason, detail }) => {
            let explained = detail.as_deref().unwrap_or(reason.explain());
            let explained = shown(explained);
            output(|out| writeln!(out, "no call can be made: {reason}: {explained}"))?;
            if reason == Reason::ForbiddenAddress {
                say!("{}", hint::allow(detail.as_deref()));
            }
            return Ok(SOME_FAILED);
        }
        Err(NoPreview::Port(error)) => return Err(error.into()),
    }
    if args.send {
        return send(caller, call).await;
    }
    output(|out| {
        for line in what_follows(workflow, stage, &config) {
            writeln!(out, "{}", shown(&line))?;
        }
        Ok(())
    })?;
    Ok(SUCCESS)
}

fn say_wanted(
    workflow: &Workflow,
    stage: &Stage,
    config: &WebhookConfig,
    wanted: &Wanted,
) -> Result<(), Error> {
    let Some(condition) = &config.condition else {
        return Ok(());
    };
    let says = match wanted {
        Wanted::Yes => "it holds: the file is sent".to_owned(),
        Wanted::No => format!(
            "it does not hold: the file is skipped{}",
            leads_to(workflow, stage, Outcome::Skipped)
        ),
        Wanted::Unclear(reason, detail) => format!(
            "{reason}: {}: the file fails{}",
            detail.as_deref().unwrap_or(reason.explain()),
            leads_to(workflow, stage, Outcome::Failed)
        ),
    };
    let line = format!("condition {condition}: {says}");
    output(|out| writeln!(out, "{}", shown(&line)))?;
    Ok(())
}

fn show(preview: &Preview) -> Result<(), Error> {
    output(|out| {
        writeln!(out, "{} {}", preview.method, shown(&preview.url))?;
        for (name, value) in &preview.headers {
            writeln!(out, "{name}: {}", shown(value))?;
        }
        if preview.has_client_certificate {
            writeln!(out, "(with the stage's client certificate)")?;
        }
        writeln!(out)?;
        match &preview.body {
            Some(body) => {
                for line in String::from_utf8_lossy(body).lines() {
                    writeln!(out, "{}", shown(line))?;
                }
            }
            None => writeln!(out, "({} bytes, streamed)", preview.length)?,
        }
        writeln!(out)
    })?;
    Ok(())
}

/// Where an outcome leads, as the end of a sentence.
fn leads_to(workflow: &Workflow, stage: &Stage, outcome: Outcome) -> String {
    match outcome.leads_to(workflow, stage.id) {
        Some(target) => format!(", and goes to \"{}\"", target.name),
        None => ", and stays in the stage".to_owned(),
    }
}

/// What becomes of the file after each kind of answer, a line each.
fn what_follows(workflow: &Workflow, stage: &Stage, config: &WebhookConfig) -> Vec<String> {
    let policy = Policy::of(config);
    let failed = leads_to(workflow, stage, Outcome::Failed);
    let again = match policy.delays() {
        [] => format!("the file fails{failed}"),
        delays => {
            let delays: Vec<String> = delays.iter().map(|delay| rounded(*delay)).collect();
            format!(
                "called again after {}; after the last call the file fails{failed}",
                delays.join(", ")
            )
        }
    };
    let mut lines: Vec<(String, Vec<String>)> = Vec::new();
    let mut add = |what: String, then: String| match lines.iter_mut().find(|(t, _)| *t == then) {
        Some((_, answers)) => answers.push(what),
        None => lines.push((then, vec![what])),
    };
    let then = |result| {
        let answer = Answer {
            result,
            ..Answer::no_call(Reason::Timeout)
        };
        match Verdict::of(&answer, config.retry_on.as_ref()) {
            Verdict::Succeeded => format!(
                "the file succeeds{}",
                leads_to(workflow, stage, Outcome::Succeeded)
            ),
            Verdict::Retry(..) => again.clone(),
            Verdict::Stop(_) => format!("the file fails at once{failed}"),
        }
    };
    let mut from = 200;
    for status in 200..=599 {
        if status == 599 || then(Ok(status + 1)) != then(Ok(status)) {
            let range = if from == status {
                status.to_string()
            } else {
                format!("{from} to {status}")
            };
            add(range, then(Ok(status)));
            from = status + 1;
        }
    }
    add("no answer".to_owned(), then(Err(Reason::Timeout)));
    let line = |(then, answers): (String, Vec<String>)| format!("{}: {then}", answers.join(", "));
    lines.into_iter().map(line).collect()
}
