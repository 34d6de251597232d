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
    /// Who paused it: `operator` or `receiver`.
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
