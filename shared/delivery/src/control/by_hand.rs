//! What operators change.

use super::breaker::closed;
use super::{Pause, StageControl};
use crate::time::Timestamp;

/// The record of a stage that is paused from now on; none if it already is.
#[must_use]
pub fn paused(
    control: &StageControl,
    by: &str,
    reason: Option<&str>,
    now: Timestamp,
) -> Option<StageControl> {
    if control.pause.is_some() {
        return None;
    }
    Some(StageControl {
        pause: Some(Pause {
            since: now,
            by: by.to_owned(),
            reason: reason.map(str::to_owned),
        }),
        ..control.next(now)
    })
}

/// The record of a stage whose pause ends; none if it is not paused.
#[must_use]
pub fn resumed(control: &StageControl, now: Timestamp) -> Option<StageControl> {
    control.pause.as_ref()?;
    Some(StageControl {
        pause: None,
        ..control.next(now)
    })
}

/// The record with the breaker closed by an operator; none if it is closed.
#[must_use]
pub fn closed_by_hand(control: &StageControl, now: Timestamp) -> Option<StageControl> {
    control.outage.as_ref()?;
    Some(closed(control, now))
}
