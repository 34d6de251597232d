//! Reads a workflow from a file and applies the settings of the command line.

use std::fs;
use std::path::Path;

use delivery::ports::{Freshness, Operator, PortError, Secrets};
use webhook::{check_client_certificate, check_templates};
use workflow::{ImportError, Imported, SecretRef, Stage, StageSecrets, Workflow};

use crate::cli::secret;
use crate::cli::{OverrideArgs, RetryDelays};
use crate::error::Error;
use crate::intake::examples;
use crate::terminal::notices::Notices;
use crate::terminal::output::say;

/// A workflow ready to be stored.
#[derive(Debug)]
pub(crate) struct Configured {
    /// The workflow, without its secrets.
    pub(crate) workflow: Workflow,
    /// The id of the Webhook stage that the command is about.
    pub(crate) stage: Stage,
    /// The secrets taken out of the workflow, and the Authorization value of the command line.
    pub(crate) secrets: Vec<(SecretRef, StageSecrets)>,
    /// The one whose Authorization value is all that is known here: its other secrets are only in the store.
    partial: Option<SecretRef>,
}

impl Configured {
    /// Stores the workflow and its secrets for a team.
    pub(crate) async fn store(
        &self,
        operator: &impl Operator,
        team: &str,
    ) -> Result<(), PortError> {
        let mut secrets = self.secrets.clone();
        for (reference, own) in &mut secrets {
            if self.partial.as_ref() == Some(reference) {
                let stored = operator.secrets();
                let stored = stored.stage_secrets(team, reference, Freshness::Latest);
                *own = StageSecrets {
                    authorization: own.authorization.take(),
                    ..stored.await?.unwrap_or_default()
                };
            }
        }
        operator.put_workflow(team, &self.workflow, &secrets).await
    }
}

/// Reads the workflow and applies the settings; warns about anything odd in it.
pub(crate) fn configured(path: &Path, overrides: &OverrideArgs) -> Result<Configured, Error> {
    let Imported {
        mut workflow,
        mut secrets,
        warnings,
    } = import(path)?;
    let mut notices = Notices::default();
    for warning in warnings {
        let line = format_args!("{}: {warning}", path.display());
        notices.warn(warning.code(), line);
    }
    notices.finish();
    let stage = match &overrides.stage {
        Some(wanted) => workflow.find_stage(wanted)?,
        None => workflow.first_webhook().ok_or_else(|| {
            Error::Usage(format!(
                "{}: no Webhook stage can be reached from the entry stage",
                path.display()
            ))
        })?,
    };
    let (id, name) = (stage.id, stage.name.clone());
    let Some(config) = &stage.webhook else {
        return Err(Error::Usage(format!(
            "--stage: \"{name}\" is not a Webhook stage but a stage of type {}",
            stage.kind.as_str()
        )));
    };
    let (named, retries) = (config.secret_ref.clone(), config.retry_if_fails);
    let has_access = config.access.is_some();
    let refused = |error: workflow::NotAWebhookStage| Error::Usage(error.to_string());
    if let Some(url) = &overrides.url {
        webhook::guard::Target::check_text(url)
            .map_err(|error| Error::Usage(format!("--url: {error}")))?;
        workflow.set_webhook_url(id, url).map_err(refused)?;
    }
    if let Some(RetryDelays(delays)) = &overrides.retry_delays {
        if !retries {
            say!(
                "warning: --retry-delays has no effect: \"{name}\" has \"retry_if_fails\": false, so it calls once"
            );
        }
        workflow.set_retry_delays(id, delays).map_err(refused)?;
    }
    let mut partial = None;
    if let Some(variable) = &overrides.authorization_env {
        let value = secret::authorization("--authorization-env", variable)?;
        if has_access {
            return Err(Error::Usage(format!(
                "--authorization-env: \"{name}\" has \"authorization\" in its config: a call has one or the other"
            )));
        }
        let is_named = named.is_some();
        let reference = named.unwrap_or_else(|| SecretRef(format!("{}/{id}", workflow.id)));
        match secrets.iter_mut().find(|(known, _)| *known == reference) {
            Some((_, secrets)) => secrets.authorization = Some(value),
            None => {
                let own = StageSecrets {
                    authorization: Some(value),
                    ..StageSecrets::default()
                };
                secrets.push((reference.clone(), own));
                partial = is_named.then(|| reference.clone());
            }
        }
        workflow.set_secret_ref(id, &reference).map_err(refused)?;
    }
    let stage = workflow.find_stage(&id.to_string())?.clone();
    Ok(Configured {
        workflow,
        stage,
        secrets,
        partial,
    })
}

/// Reads a workflow file.
pub(crate) fn import(path: &Path) -> Result<Imported, Error> {
    let json = fs::read(path).map_err(|source| Error::Read {
        path: path.to_owned(),
        source,
    })?;
    let refused = |error| Error::Workflow {
        path: path.to_owned(),
        error,
    };
    let mut imported = Workflow::import(&json).map_err(refused)?;
    for (reference, secrets) in &imported.secrets {
        if secrets.client_certificate.is_some() {
            check_client_certificate(secrets).map_err(|error| Error::ClientCertificate {
                path: path.to_owned(),
                reference: reference.clone(),
                error,
            })?;
        }
    }
    let problems = check_templates(&mut imported, examples::DOCUMENTS[0].1.as_bytes());
    if problems.is_empty() {
        Ok(imported)
    } else {
        Err(refused(ImportError { problems }))
    }
}
