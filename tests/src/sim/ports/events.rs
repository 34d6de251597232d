//! The bus that is told when a file leaves.

use delivery::ports::{Events, FileLeft, PortError};

use super::Sim;

impl Events for Sim {
    async fn file_left(&self, left: &FileLeft) -> Result<(), PortError> {
        self.effect("announce", |world| {
            world.witness.announced.insert(left.delivery_id);
        })
        .await
    }
}
