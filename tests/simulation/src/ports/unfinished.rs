//! The list of unfinished files. It is eventually consistent: a file may be listed as it was a write ago.

use delivery::ports::{Page, PortError, ScanSegment, Unfinished, UnfinishedFile};

use super::Sim;

impl Unfinished for Sim {
    async fn unfinished(
        &self,
        _part: ScanSegment,
        _after: Option<&str>,
    ) -> Result<Page<Result<UnfinishedFile, PortError>>, PortError> {
        self.effect("list", |world| {
            let mut rows = Vec::new();
            for (key, state) in &world.states {
                let before = world.before.get(key);
                let is_stale = world.trouble > 0 && before.is_some() && world.dice.one_in(3);
                let state = before.filter(|_| is_stale).unwrap_or(state);
                if is_stale {
                    world.faults.note("stale list read");
                }
                if !state.status.is_at_rest() {
                    rows.push(Ok(UnfinishedFile {
                        state: state.clone(),
                        has_message: None,
                    }));
                }
            }
            Page { rows, next: None }
        })
        .await
    }
}
