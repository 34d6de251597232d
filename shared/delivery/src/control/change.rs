use serde::Serialize;

use super::{Lane, Phase, StageControl, StageKey};
use crate::reason::Reason;
use crate::time::Timestamp;

/// What happened to a stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// The circuit breaker opened: no calls.
    BreakerOpened,
    /// One delivery makes a call, to see whether the receiver answers again.
    BreakerHalfOpen,
    /// The receiver answered; a few calls are made.
    BreakerRecovering,
    /// The circuit breaker closed: all calls are made.
    BreakerClosed,
    /// The stage was paused.
    Paused,
    /// The pause ended.
    Resumed,
    /// Its calls take long: they are made in the slow lane.
    TurnedSlow,
    /// Its calls are made in the fast lane again.
    TurnedFast,
}

impl ChangeKind {
    /// A stable code, as in logs, metrics and events.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::BreakerOpened => "breaker_opened",
            Self::BreakerHalfOpen => "breaker_half_open",
            Self::BreakerRecovering => "breaker_recovering",
            Self::BreakerClosed => "breaker_closed",
            Self::Paused => "paused",
            Self::Resumed => "resumed",
            Self::TurnedSlow => "turned_slow",
            Self::TurnedFast => "turned_fast",
        }
    }
}

/// A change of a stage's control record that people and other systems want to hear of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The stage.
    #[serde(flatten)]
    pub stage: StageKey,
    /// What happened.
    pub change: ChangeKind,
    /// What went wrong, when the breaker opened.
    pub reason: Option<Reason>,
    /// Who paused the stage: `operator` or `receiver`.
    pub paused_by: Option<String>,
    /// Why, in their words.
    pub pause_reason: Option<String>,
    /// Until when the breaker's phase lasts.
    pub until: Option<Timestamp>,
    /// When.
    pub at: Timestamp,
}

/// What a write of the control record changed. Reserved times are nothing to hear of.
#[must_use]
pub fn changes(stage: &StageKey, before: &StageControl, after: &StageControl) -> Vec<Change> {
    let phase = |control: &StageControl| control.outage.as_ref().map(|outage| outage.phase);
    let change = |change: ChangeKind| Change {
        stage: stage.clone(),
        change,
        reason: None,
        paused_by: None,
        pause_reason: None,
        until: None,
        at: after.updated_at,
    };
    let mut found = Vec::new();
    if phase(before) != phase(after) {
        let kind = match phase(after) {
            None => ChangeKind::BreakerClosed,
            Some(Phase::Open) => ChangeKind::BreakerOpened,
            Some(Phase::HalfOpen { .. }) => ChangeKind::BreakerHalfOpen,
            Some(Phase::Recovering) => ChangeKind::BreakerRecovering,
        };
        let outage = after.outage.as_ref();
        found.push(Change {
            reason: outage.map(|outage| outage.reason),
            until: outage.map(|outage| outage.until),
            ..change(kind)
        });
    }
    match (&before.pause, &after.pause) {
        (None, Some(pause)) => found.push(Change {
            paused_by: Some(pause.by.clone()),
            pause_reason: pause.reason.clone(),
            ..change(ChangeKind::Paused)
        }),
        (Some(_), None) => found.push(change(ChangeKind::Resumed)),
        _ => {}
    }
    match (before.lane, after.lane) {
        (Lane::Fast, Lane::Slow) => found.push(change(ChangeKind::TurnedSlow)),
        (Lane::Slow, Lane::Fast) => found.push(change(ChangeKind::TurnedFast)),
        _ => {}
    }
    found
}
