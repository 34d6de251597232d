//! Tells people when the calls of a stage stop, and when they go on: once per change, not once per file.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use delivery::Timestamp;
use delivery::control::{Change, ChangeKind};
use uuid::Uuid;

use crate::terminal::output::shown;

/// A breaker that opens again for less than this is shown in the progress bar only: with short delays it does so every
/// second.
const WORTH_A_LINE: Duration = Duration::from_secs(10);

/// The stages that are in trouble, as their changes say.
#[derive(Debug, Default)]
pub(crate) struct Stages(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    names: HashMap<Uuid, String>,
    trouble: BTreeMap<Uuid, String>,
}

impl Stages {
    /// Adds the names of stages.
    pub(crate) fn name(&self, names: impl IntoIterator<Item = (Uuid, String)>) {
        self.known().names.extend(names);
    }

    /// Takes note of a change. The answer is the line that a person should see of it, if any.
    pub(crate) fn changed(&self, change: &Change) -> Option<String> {
        let mut known = self.known();
        let id = change.stage.stage_id;
        let name = known.names.get(&id).cloned();
        let name = shown(&name.unwrap_or_else(|| id.to_string()));
        let until = change.until.unwrap_or(change.at);
        let (trouble, line) = match change.change {
            ChangeKind::BreakerOpened => {
                let was_open = known.trouble.contains_key(&id);
                let is_long = change.at.until(until) >= WORTH_A_LINE;
                let line = opened(&name, change, until, was_open);
                let at = clock(until);
                let trouble = format!("{name}: circuit breaker open until {at}");
                (Some(trouble), (!was_open || is_long).then_some(line))
            }
            ChangeKind::BreakerHalfOpen => (Some(format!("{name}: one call as a probe")), None),
            ChangeKind::BreakerRecovering => (
                Some(format!("{name}: recovering")),
                Some(format!(
                    "{name}: the receiver answers again; at first it gets a few calls a second"
                )),
            ),
            ChangeKind::BreakerClosed => (
                None,
                Some(format!(
                    "{name}: the circuit breaker is closed; all calls are made again"
                )),
            ),
            ChangeKind::Paused => (
                Some(format!("{name}: paused")),
                Some(format!(
                    "{name}: paused by the {}{}; its files wait",
                    change.paused_by.as_deref().unwrap_or("operator"),
                    change
                        .pause_reason
                        .as_deref()
                        .map_or_else(String::new, |why| format!(" ({why})")),
                )),
            ),
            ChangeKind::Resumed => (None, Some(format!("{name}: resumed"))),
            ChangeKind::TurnedSlow | ChangeKind::TurnedFast => return None,
        };
        match trouble {
            Some(trouble) => known.trouble.insert(id, trouble),
            None => known.trouble.remove(&id),
        };
        line
    }

    /// What is the matter with which stages at the moment, to be added to the progress bar's message.
    pub(crate) fn trouble(&self) -> String {
        let known = self.known();
        known
            .trouble
            .values()
            .map(|what| format!("; {what}"))
            .collect()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn opened(name: &str, change: &Change, until: Timestamp, was_open: bool) -> String {
    let why = change.reason.map_or("", delivery::Reason::code);
    let time = change.at.until(until);
    let time = if time < Duration::from_secs(1) {
        format!("{} ms", time.as_millis())
    } else {
        format!("{} s", time.as_secs())
    };
    let what = if was_open {
        "the receiver is still in trouble"
    } else {
        "the receiver is in trouble"
    };
    format!(
        "{name}: {what} ({why}); the circuit breaker is open: no calls for {time}, until {}, and no attempt is spent",
        clock(until)
    )
}

/// The time of day, in UTC.
fn clock(time: Timestamp) -> String {
    let seconds = time.as_secs().rem_euclid(24 * 3600);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02} UTC")
}

#[cfg(test)]
mod tests {
    use delivery::control::{Change, ChangeKind, StageKey};
    use delivery::{Reason, Timestamp};
    use uuid::Uuid;

    use super::Stages;

    fn change(change: ChangeKind, at: i64, until: Option<i64>) -> Change {
        Change {
            stage: StageKey {
                team: "t".to_owned(),
                workflow_id: Uuid::nil(),
                stage_id: Uuid::nil(),
            },
            change,
            reason: until.map(|_| Reason::Timeout),
            paused_by: None,
            pause_reason: None,
            until: until.map(Timestamp::from_millis),
            at: Timestamp::from_millis(at),
        }
    }

    #[test]
    fn an_outage_is_told_once_and_shown_all_the_time() {
        let stages = Stages::default();
        stages.name([(Uuid::nil(), "Not\u{1b}ify".to_owned())]);
        let told = |kind, at, until| stages.changed(&change(kind, at, until));
        let line = told(ChangeKind::BreakerOpened, 0, Some(1000)).unwrap();
        assert_eq!(
            line,
            "Not\u{fffd}ify: the receiver is in trouble (timeout); the circuit breaker is open: no calls for 1 s, until 00:00:01 UTC, and no attempt is spent"
        );
        assert_eq!(
            stages.trouble(),
            "; Not\u{fffd}ify: circuit breaker open until 00:00:01 UTC"
        );
        assert_eq!(told(ChangeKind::BreakerHalfOpen, 1000, Some(2000)), None);
        assert_eq!(told(ChangeKind::BreakerOpened, 1100, Some(3100)), None);
        let long = told(ChangeKind::BreakerOpened, 3200, Some(93_784_000)).unwrap();
        assert!(long.contains("still in trouble"), "{long}");
        assert!(long.contains("until 02:03:04 UTC"), "{long}");
        assert!(told(ChangeKind::BreakerRecovering, 5000, Some(6000)).is_some());
        assert!(told(ChangeKind::BreakerClosed, 6000, None).is_some());
        assert_eq!(stages.trouble(), "");
        assert_eq!(told(ChangeKind::TurnedSlow, 7000, None), None);
    }
}
