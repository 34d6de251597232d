//! The ports of which only the time that they take matters, and the one that counts.

use std::convert::Infallible;

use bytes::Bytes;
use delivery::control::ChangeKind;
use delivery::ports::{
    DocumentError, Documents, Observation, Observer, Outgoing, PortError, SendMessages,
};
use delivery::{Delivery, Document, DocumentRef, FileKey, Outcome};
use tokio::time::sleep;
use uuid::Uuid;

use super::Environment;
use crate::aws;
use crate::ids;
use crate::tally::Count;

impl Documents for Environment {
    type Reader = Infallible;

    async fn open(
        &self,
        _key: &FileKey,
        _document: Option<&DocumentRef>,
    ) -> Result<Document<Infallible>, DocumentError> {
        sleep(aws::S3).await;
        Ok(Document::Bytes(Bytes::from_static(b"{}")))
    }

    async fn store(&self, _key: &FileKey, _document: Bytes) -> Result<(), PortError> {
        sleep(aws::S3).await;
        Ok(())
    }
}

impl SendMessages<Delivery> for Environment {
    async fn send(&self, messages: Vec<Outgoing<Delivery>>) -> Vec<Result<(), PortError>> {
        sleep(aws::SQS).await;
        let sent = messages.iter().map(|outgoing| self.model.send(outgoing));
        sent.collect()
    }
}

impl Observer for Environment {
    fn observe(&self, observation: Observation<'_>) {
        let model = &self.model;
        let count = |stage: Uuid, what| model.count(ids::number(stage), what);
        match observation {
            Observation::Attempted(attempted) => {
                count(attempted.stage_id, Count::Attempts);
            }
            Observation::Left(left) => {
                let what = match left.outcome {
                    Outcome::Succeeded | Outcome::Skipped => Count::Delivered,
                    Outcome::Failed => Count::Failed,
                };
                model.leaves(ids::number(left.stage_id), left.delivery_id, what);
            }
            Observation::PutOff(stage, _) => count(stage.stage_id, Count::PutOff),
            Observation::StageChanged(change) => match change.change {
                ChangeKind::BreakerOpened => count(change.stage.stage_id, Count::Opened),
                ChangeKind::TurnedSlow => count(change.stage.stage_id, Count::TurnedSlow),
                ChangeKind::TurnedFast => count(change.stage.stage_id, Count::TurnedFast),
                _ => {}
            },
            _ => {}
        }
    }
}
