use std::sync::{Arc, PoisonError};

use delivery::ports::{Freshness, PortError, Secrets, Workflows};
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;
use workflow::{SecretRef, StageSecrets, Workflow};

use crate::engine::Engine;
use crate::error::corrupt;

impl Workflows for Engine {
    async fn workflow(
        &self,
        team: &str,
        workflow_id: Uuid,
    ) -> Result<Option<Arc<Workflow>>, PortError> {
        let key = (team.to_owned(), workflow_id);
        if let Some(found) = self.cached().get(&key) {
            return Ok(Some(Arc::clone(found)));
        }
        let team = team.to_owned();
        let body: Option<Vec<u8>> = self
            .writer()
            .run_unflushed("get workflow", move |store| {
                store
                    .db()
                    .prepare_cached(
                        "SELECT body FROM workflows WHERE team = ?1 AND workflow_id = ?2",
                    )?
                    .query_row(params![team, workflow_id], |row| row.get(0))
                    .optional()
            })
            .await?;
        let Some(body) = body else {
            return Ok(None);
        };
        let workflow =
            Workflow::from_stored(&body).map_err(|error| corrupt("read workflow", error))?;
        let workflow = Arc::new(workflow);
        self.cached().insert(key, Arc::clone(&workflow));
        Ok(Some(workflow))
    }
}

/// The team is part of the name: a reference is text from a workflow file, and one team's file must not reach
/// another's secrets.
fn of_team(team: &str, reference: &SecretRef) -> SecretRef {
    SecretRef(format!("{team}/{reference}"))
}

impl Secrets for Engine {
    async fn stage_secrets(
        &self,
        team: &str,
        reference: &SecretRef,
        _freshness: Freshness,
    ) -> Result<Option<StageSecrets>, PortError> {
        Ok(self.inner.secrets.get(&of_team(team, reference)))
    }
}

impl Engine {
    /// Stores a workflow for a team. It takes effect at the next attempt.
    ///
    /// # Errors
    /// [`PortError`] when the database fails.
    pub async fn store_workflow(&self, team: &str, workflow: &Workflow) -> Result<(), PortError> {
        let key = (team.to_owned(), workflow.id);
        let body = workflow.to_json();
        let (owner, id) = key.clone();
        self.writer()
            .run("store workflow", move |store| {
                store.db().execute(
                    "INSERT OR REPLACE INTO workflows VALUES (?1, ?2, ?3)",
                    params![owner, id, body],
                )
            })
            .await?;
        self.cached().remove(&key);
        Ok(())
    }

    /// Stores a team's secrets in `secrets.json` (mode 0600), never in the database.
    ///
    /// # Errors
    /// [`PortError`] when the file cannot be written.
    pub async fn store_secrets(
        &self,
        team: &str,
        secrets: Vec<(SecretRef, StageSecrets)>,
    ) -> Result<(), PortError> {
        let secrets = secrets.into_iter();
        let secrets = secrets.map(|(reference, secrets)| (of_team(team, &reference), secrets));
        self.inner.secrets.put(secrets.collect())
    }

    fn cached(
        &self,
    ) -> std::sync::MutexGuard<'_, std::collections::HashMap<(String, Uuid), Arc<Workflow>>> {
        self.inner
            .workflows
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
