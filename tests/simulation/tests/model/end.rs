use delivery::{FileLeft, FileState};

use super::fact::Fact;

/// How a delivery ended, as its record shows it. Read without the machine's help, because the machine is judged
/// by it.
pub(crate) fn end_on(record: &FileState) -> Option<Fact<FileLeft>> {
    let delivery = record.delivery.as_ref()?;
    Some(Fact::new(FileLeft {
        key: record.key.clone(),
        workflow_id: record.workflow_id,
        stage_id: delivery.stage_id,
        delivery_id: delivery.delivery_id,
        trace_id: delivery.trace().id(),
        outcome: delivery.outcome?,
        reason: delivery.reason,
        attempts: u32::try_from(delivery.attempts.len()).unwrap(),
        moved_to: delivery.moved_to,
        at: delivery.ended_at?,
    }))
}
