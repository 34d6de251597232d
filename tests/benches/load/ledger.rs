//! Who was called, against what the engine's records say.

use std::collections::{BTreeMap, HashMap};

use delivery::{FileState, Outcome, Status};
use uuid::Uuid;

use crate::files::File;
use crate::remote::Call;
use crate::row::Row;
use crate::stage::{COMPLETE, id};

/// Broken promises, counted.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    files: usize,
    /// Never called though it must have been, or without a record or a message.
    lost: usize,
    /// Calls beyond the first of the same attempt.
    doubled: usize,
    /// Files whose attempts are not numbered 1, 2, 3, …, or not as recorded.
    misnumbered: usize,
    /// Files that are not where they must be.
    misplaced: usize,
    /// Calls of nobody's.
    foreign: usize,
}

/// What is known of a file that is not at rest: its record, and whether a message names it.
pub(crate) type Unfinished = HashMap<Uuid, (FileState, bool)>;

impl Ledger {
    /// Files that all succeeded: called once an attempt, the last with success, and at the end.
    pub(crate) fn succeeded(
        files: &[File],
        calls: &[Call],
        states: &HashMap<Uuid, FileState>,
    ) -> Self {
        Self::balance(files, calls, |ledger, file, made| {
            if made == 0 {
                ledger.lost += 1;
            }
            let state = states.get(&file.assignment.item_id);
            let delivery = state.and_then(|state| state.delivery.as_ref());
            let (Some(state), Some(delivery)) = (state, delivery) else {
                ledger.misplaced += 1;
                return;
            };
            if numbers(&delivery.attempts) != Some(made) {
                ledger.misnumbered += 1;
            }
            let is_there = state.status == Status::Complete
                && state.visit.stage_id == id(COMPLETE)
                && delivery.delivery_id == file.delivery_id
                && delivery.outcome == Some(Outcome::Succeeded);
            if !is_there {
                ledger.misplaced += 1;
            }
        })
    }

    /// Files on their way: each with a record and a message, called as often as its record says; one
    /// time more while a sender has it.
    pub(crate) fn on_their_way(files: &[File], calls: &[Call], unfinished: &Unfinished) -> Self {
        Self::balance(files, calls, |ledger, file, made| {
            let Some((state, true)) = unfinished.get(&file.assignment.item_id) else {
                ledger.lost += 1;
                return;
            };
            let delivery = state.delivery.as_ref();
            let Some(delivery) = delivery.filter(|d| d.delivery_id == file.delivery_id) else {
                ledger.misplaced += 1;
                return;
            };
            let recorded = numbers(&delivery.attempts);
            let under_way = u32::from(state.status == Status::Sending);
            if !recorded.is_some_and(|n| n <= made && made <= n + under_way) {
                ledger.misnumbered += 1;
            }
        })
    }

    fn balance(
        files: &[File],
        calls: &[Call],
        mut settle: impl FnMut(&mut Self, &File, u32),
    ) -> Self {
        let mut ledger = Self {
            files: files.len(),
            ..Self::default()
        };
        let mut heard: HashMap<Uuid, BTreeMap<u32, usize>> = HashMap::new();
        for call in calls {
            let attempts = heard.entry(call.id).or_default();
            *attempts.entry(call.attempt).or_default() += 1;
        }
        for file in files {
            let attempts = heard.remove(&file.delivery_id).unwrap_or_default();
            ledger.doubled += attempts.values().map(|count| count - 1).sum::<usize>();
            if !attempts.keys().copied().eq((1..).take(attempts.len())) {
                ledger.misnumbered += 1;
            }
            let made = u32::try_from(attempts.len()).unwrap();
            settle(&mut ledger, file, made);
        }
        ledger.foreign = heard.len();
        ledger
    }

    pub(crate) fn files(&self) -> usize {
        self.files
    }

    pub(crate) fn row(&self, scenario: &str, who: &str) -> Row {
        let Self {
            files,
            lost,
            doubled,
            misnumbered,
            misplaced,
            foreign,
        } = self;
        let measure = format!("{who}, {files}: lost / doubled / misnumbered / misplaced / foreign");
        let value = format!("{lost} / {doubled} / {misnumbered} / {misplaced} / {foreign}");
        if lost + doubled + misnumbered + misplaced + foreign == 0 {
            Row::figure(scenario, measure, value)
        } else {
            Row::broken(scenario, measure, value)
        }
    }
}

/// How many attempts are recorded; none when they are not numbered 1, 2, 3, ….
fn numbers(attempts: &[delivery::AttemptSummary]) -> Option<u32> {
    let are_in_order = attempts.iter().map(|attempt| attempt.attempt);
    are_in_order
        .eq((1..).take(attempts.len()))
        .then(|| u32::try_from(attempts.len()).unwrap())
}
