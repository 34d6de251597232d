use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::retry::MAX_MESSAGE_DELAY;
use crate::time::Timestamp;

/// The first time that a paused delivery waits before it is looked at again.
const FIRST_WAIT: Duration = Duration::from_secs(10);

/// A pause: the stage's files wait, however long, and no attempt is made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// Who paused it: `operator`, `receiver`, or `user` with their number.
    pub by: String,
    /// Why, in their words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Pause {
    /// How long a delivery waits before it is looked at again: about as long as the pause has lasted, and at most 15
    /// minutes. So nothing waits much longer after the end of the pause than during it, and a pause of a week costs
    /// 96 looks a day for each file.
    pub(super) fn wait(&self, now: Timestamp) -> Duration {
        self.since.until(now).clamp(FIRST_WAIT, MAX_MESSAGE_DELAY)
    }
}

impl Pause {
    /// The longest reason, in characters. It is kept in the stage's control record, which is read with every workflow.
    pub const LONGEST_REASON: usize = 200;

    /// The reason without blanks around it; none if it is not one line of at most [`Self::LONGEST_REASON`] characters.
    #[must_use]
    pub fn check_reason(text: &str) -> Option<&str> {
        let text = text.trim();
        let is_line = !text.is_empty() && !text.contains(char::is_control);
        (is_line && text.chars().count() <= Self::LONGEST_REASON).then_some(text)
    }
}
