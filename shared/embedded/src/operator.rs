use delivery::machine::redrive;
use delivery::ports::{NewDocument, Operator, PortError, Redriven, SystemClock};
use delivery::{DeadLetter, FileKey};
use futures_util::future::try_join_all;
use uuid::Uuid;
use workflow::{SecretRef, StageSecrets, Workflow};

use crate::engine::Engine;
use crate::items::Item;

/// How many dead letters to read at a time: each can have a mebibyte.
const LETTERS: usize = 100;

delivery::port_set! { impl AuditPorts for Engine as engine {
    Unfinished unfinished: Engine = engine;
    Assignments assignments: Engine = engine;
    Deliveries deliveries: Engine = engine;
    Clock clock: SystemClock = &SystemClock;
    Observer observer: () = &();
} }

impl Operator for Engine {
    type Records = Self;
    type Secrets = Self;

    fn records(&self) -> &Self {
        self
    }

    fn secrets(&self) -> &Self {
        self
    }

    async fn put_workflow(
        &self,
        team: &str,
        workflow: &Workflow,
        secrets: &[(SecretRef, StageSecrets)],
    ) -> Result<(), PortError> {
        self.store_secrets(team, secrets.to_vec()).await?;
        self.store_workflow(team, workflow).await
    }

    async fn workflows(&self) -> Result<Vec<(String, Uuid)>, PortError> {
        self.writer()
            .run_unflushed("list workflows", |store| {
                store
                    .db()
                    .prepare("SELECT team, workflow_id FROM workflows ORDER BY team, workflow_id")?
                    .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                    .collect()
            })
            .await
    }

    /// All documents share a commit, and so do their names: many small ones cost only a few disk flushes.
    async fn put_documents(&self, documents: Vec<NewDocument>) -> Result<(), PortError> {
        let items = documents.iter().map(|document| Item {
            key: document.key.clone(),
            digest: document.digest,
            name: document.name.clone(),
        });
        let items = items.collect();
        let documents = documents.into_iter();
        let stored = documents.map(|NewDocument { key, bytes, .. }| async move {
            self.store_document(&key, bytes).await
        });
        try_join_all(stored).await?;
        self.put_items(items).await
    }

    async fn has_document(&self, key: &FileKey, digest: Uuid) -> Result<bool, PortError> {
        let item = self.item(key).await?;
        Ok(item.is_some_and(|(stored, _)| stored == digest))
    }

    async fn name(&self, key: &FileKey) -> Result<String, PortError> {
        let item = self.item(key).await?;
        Ok(item.map_or_else(|| key.item_id.to_string(), |(_, name)| name))
    }

    async fn parked(&self, limit: usize) -> Result<Vec<Option<DeadLetter>>, PortError> {
        let letters = self.letters(i64::MIN, limit).await?.into_iter();
        Ok(letters.map(|(_, body)| read(&body)).collect())
    }

    async fn redrive(&self, limit: usize) -> Result<Redriven, PortError> {
        let mut redriven = Redriven::default();
        let mut after = i64::MIN;
        while redriven.sent.len() < limit {
            let most = LETTERS.min(limit - redriven.sent.len());
            let letters = self.letters(after, most).await?;
            let Some((last, _)) = letters.last() else {
                break;
            };
            after = *last;
            for (id, body) in letters {
                let Some(assignment) = read(&body).and_then(|letter| redrive(&letter).ok()) else {
                    redriven.unreadable += 1;
                    continue;
                };
                for result in self.assign(vec![assignment.clone()]).await {
                    result?;
                }
                self.unpark(id).await?;
                redriven.sent.push(assignment);
            }
        }
        Ok(redriven)
    }
}

fn read(body: &str) -> Option<DeadLetter> {
    serde_json::from_str(body).ok()
}
