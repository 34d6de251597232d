use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use delivery::ports::{Freshness, PortError, Secrets, Workflows};
use rusqlite::{OptionalExtension, params};
use uuid::Uuid;
use workflow::{SecretRef, StageSecrets, Workflow};

use crate::engine::{Engine, WorkflowCache};
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
        let cache = Arc::clone(&self.inner.workflows);
        // Read there too, so that those who ask at the same time do not all read it, and nobody keeps it who began to
        // read it before another was stored.
        let found = self
            .writer()
            .run_unflushed("get workflow", move |store| {
                if let Some(found) = locked(&cache).get(&key) {
                    return Ok(Some(Ok(Arc::clone(found))));
                }
                let body: Option<Vec<u8>> = store
                    .db()
                    .prepare_cached(
                        "SELECT body FROM workflows WHERE team = ?1 AND workflow_id = ?2",
                    )?
                    .query_row(params![key.0, key.1], |row| row.get(0))
                    .optional()?;
                let Some(body) = body else {
                    return Ok(None);
                };
                let workflow = Workflow::from_stored(&body).map(Arc::new);
                if let Ok(workflow) = &workflow {
                    locked(&cache).insert(key, Arc::clone(workflow));
                }
                Ok(Some(workflow))
            })
            .await?;
        let found = found.transpose();
        found.map_err(|error| corrupt("read workflow", error))
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
        let body = workflow.to_json();
        let (owner, id) = (team.to_owned(), workflow.id);
        let stored = self
            .writer()
            .run("store workflow", move |store| {
                store.db().execute(
                    "INSERT OR REPLACE INTO workflows VALUES (?1, ?2, ?3)",
                    params![owner, id, body],
                )
            })
            .await;
        // Also if the commit failed: another job may have found it before.
        self.forget_workflow(team, workflow.id);
        stored.map(|_| ())
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

    /// Has the workflow read anew when it is next asked for.
    pub(crate) fn forget_workflow(&self, team: &str, id: Uuid) {
        self.cached().remove(&(team.to_owned(), id));
        self.stage_changed();
    }

    fn cached(&self) -> MutexGuard<'_, WorkflowCache> {
        locked(&self.inner.workflows)
    }
}

fn locked(cache: &Mutex<WorkflowCache>) -> MutexGuard<'_, WorkflowCache> {
    cache.lock().unwrap_or_else(PoisonError::into_inner)
}
