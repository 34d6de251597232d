use std::sync::Arc;

use delivery::ports::{ApiKeys, Operator, PortError, Removed, Service, StoredKey, Workflows};
use rusqlite::params;
use uuid::Uuid;
use workflow::Workflow;

use crate::engine::Engine;

impl ApiKeys for Engine {
    async fn key(&self, prefix: &str) -> Result<Option<StoredKey>, PortError> {
        self.inner.keys.key(prefix).await
    }

    async fn put_key(&self, key: &StoredKey) -> Result<bool, PortError> {
        self.inner.keys.put_key(key).await
    }

    async fn keys(&self) -> Result<Vec<StoredKey>, PortError> {
        self.inner.keys.keys().await
    }

    async fn remove_key(&self, prefix: &str) -> Result<bool, PortError> {
        self.inner.keys.remove_key(prefix).await
    }
}

impl Service for Engine {
    async fn workflows_of(&self, team: &str) -> Result<Vec<Arc<Workflow>>, PortError> {
        let mut found = Vec::new();
        for (owner, id) in self.workflows().await? {
            if owner == team {
                found.extend(self.workflow(team, id).await?);
            }
        }
        found.sort_by(|one, other| (&one.name, one.id).cmp(&(&other.name, other.id)));
        Ok(found)
    }

    async fn remove_workflow(&self, team: &str, id: Uuid) -> Result<Removed, PortError> {
        let owner = team.to_owned();
        let is_used = self
            .writer()
            .run_folded("look for files on their way", move |store| {
                let under_way =
                    "SELECT EXISTS (SELECT 1 FROM states WHERE at_rest = 0 AND team = ?1
                                 AND body ->> '$.workflow_id' = ?2)";
                let of = params![owner, id.to_string()];
                store.db().query_row(under_way, of, |row| row.get(0))
            })
            .await?;
        if is_used {
            return Ok(Removed::InUse);
        }
        let owner = team.to_owned();
        let removed = self
            .writer()
            .run("remove a workflow", move |store| {
                let sql = "DELETE FROM workflows WHERE team = ?1 AND workflow_id = ?2";
                store.db().execute(sql, params![owner, id])
            })
            .await?;
        self.forget_workflow(team, id);
        Ok(match removed {
            0 => Removed::Missing,
            _ => Removed::Removed,
        })
    }
}
