//! The table: records, and the history that is only written here.

use delivery::ports::{FileStates, History, PortError, WriteError};
use delivery::{AttemptRecord, FileKey, FileState, Rejection, VisitRecord};
use tokio::time::sleep;
use uuid::Uuid;

use super::Environment;
use crate::aws;
use crate::ids;
use crate::lock::lock;
use crate::tally::Count;

impl FileStates for Environment {
    async fn get(&self, key: &FileKey) -> Result<Option<FileState>, PortError> {
        self.model.count_for(key.item_id, Count::Reads);
        sleep(aws::DYNAMODB).await;
        let files = lock(&self.model.files);
        let file = files.get(ids::number(key.item_id));
        Ok(file.map(|file| file.state.clone()))
    }

    async fn put(&self, next: &FileState) -> Result<(), WriteError> {
        self.model.count_for(next.key.item_id, Count::Writes);
        sleep(aws::DYNAMODB).await;
        let mut files = lock(&self.model.files);
        match files.get_mut(ids::number(next.key.item_id)) {
            Some(file) if file.state.version + 1 == next.version => {
                file.state = next.clone();
                Ok(())
            }
            found => Err(WriteError::Conflict(
                found.map(|file| Box::new(file.state.clone())),
            )),
        }
    }
}

impl History for Environment {
    async fn attempt(&self, record: &AttemptRecord) -> Result<(), PortError> {
        self.model.count_for(record.key.item_id, Count::Writes);
        sleep(aws::DYNAMODB).await;
        Ok(())
    }

    async fn visit(&self, record: &VisitRecord) -> Result<(), PortError> {
        self.model.count_for(record.key.item_id, Count::Writes);
        sleep(aws::DYNAMODB).await;
        Ok(())
    }

    async fn find_visit(&self, _: &FileKey, _: Uuid) -> Result<Option<VisitRecord>, PortError> {
        sleep(aws::DYNAMODB).await;
        Ok(None)
    }

    async fn rejection(&self, _record: &Rejection) -> Result<(), PortError> {
        sleep(aws::DYNAMODB).await;
        Ok(())
    }
}
