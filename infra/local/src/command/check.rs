//! `webhook-stage workflow check`.

use std::io::Write;
use std::path::Path;

use delivery::retry::Policy;
use workflow::{Access, Imported, WebhookConfig};

use super::SUCCESS;
use crate::error::Error;
use crate::intake::workflow_file::import;
use crate::terminal::output::{output, say, shown};
use crate::terminal::report::{counted, rounded};

/// Says everything that is odd in a workflow's file, and what its Webhook stages do.
///
/// # Errors
/// [`Error`] with everything that is wrong with the file.
pub(super) fn check(path: &Path) -> Result<u8, Error> {
    let Imported {
        workflow, warnings, ..
    } = import(path)?;
    for warning in &warnings {
        say!("warning[{}]: {}: {warning}", warning.code(), path.display());
    }
    let stages = counted(workflow.webhook_stages().count(), "Webhook stage");
    output(|out| {
        writeln!(out, "\"{}\" can be used: {stages}", shown(&workflow.name))?;
        for (stage, config) in workflow.webhook_stages() {
            let does = shown(&what_it_does(config));
            writeln!(out, "{}: {does}", shown(&stage.name))?;
        }
        Ok(())
    })?;
    Ok(SUCCESS)
}

/// What a stage does, in one line. Of its URL only the host is shown.
fn what_it_does(config: &WebhookConfig) -> String {
    let host = config.host().unwrap_or_default();
    let mut parts = vec![format!("{} to {host}", config.method)];
    if let Some(condition) = &config.condition {
        parts.push(format!("only if {condition}"));
    }
    parts.push(match (&config.body, config.include_annotations) {
        (Some(body), _) => format!("a body of its own ({})", body.content_type),
        (None, true) => "the whole document".to_owned(),
        (None, false) => "the document without annotations".to_owned(),
    });
    parts.extend(match &config.access {
        Some(Access::OAuth2(_)) => Some("authorized by OAuth 2.0".to_owned()),
        Some(Access::SigV4(access)) => Some(format!("signed for {} of AWS", access.service)),
        None => None,
    });
    let policy = Policy::of(config);
    let retries = usize::try_from(policy.max_retries()).unwrap_or(usize::MAX);
    parts.push(match retries {
        0 => "no retries".to_owned(),
        1 => format!("one retry after {}", rounded(policy.total())),
        _ => format!("{retries} retries within {}", rounded(policy.total())),
    });
    parts.join(", ")
}
