//! The paused stages of a state directory. Their deliveries stay on the queue as they are: nothing is written, and as
//! soon as the stage is resumed they are due.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use delivery::control::StageKey;
use delivery::ports::PortError;

use crate::backend::directory::Directory;
use crate::backend::stages::stages;

/// Which stages are paused, as far as this process knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct PausedStages(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// How many changes of stages the engine had counted when they were read.
    read_at: AtomicU64,
    stages: Mutex<Vec<StageKey>>,
    groups: RwLock<HashSet<String>>,
}

impl PausedStages {
    /// The paused stages: those read before, unless a stage has changed since.
    pub(crate) async fn read(&self, directory: &Directory) -> Result<Vec<StageKey>, PortError> {
        // Of nothing read yet, zero; so the engine counts from one.
        let changes = directory.stage_changes();
        if self.0.read_at.swap(changes, Ordering::SeqCst) == changes {
            let stages = self.0.stages.lock();
            return Ok(stages.unwrap_or_else(PoisonError::into_inner).clone());
        }
        let found = self.search(directory).await;
        if found.is_err() {
            self.0.read_at.store(0, Ordering::SeqCst);
        }
        found
    }

    async fn search(&self, directory: &Directory) -> Result<Vec<StageKey>, PortError> {
        let mut paused = Vec::new();
        // A group is a stage's id, which other teams and copies of a workflow have too: it is left alone only if all
        // of them are paused. Otherwise the sender puts each paused delivery off by itself.
        let mut groups: BTreeMap<String, bool> = BTreeMap::new();
        for stage in stages(directory).await? {
            let group = groups.entry(stage.key.stage_id.to_string());
            *group.or_insert(true) &= stage.control.pause.is_some();
            if stage.control.pause.is_some() {
                paused.push(stage.key);
            }
        }
        let groups = groups.into_iter().filter(|(_, paused)| *paused);
        let groups = groups.map(|(group, _)| group).collect();
        *self
            .0
            .groups
            .write()
            .unwrap_or_else(PoisonError::into_inner) = groups;
        let mut known = self.0.stages.lock().unwrap_or_else(PoisonError::into_inner);
        known.clone_from(&paused);
        Ok(paused)
    }

    /// Whether a message group's deliveries are left alone.
    pub(crate) fn holds(&self, group: &str) -> bool {
        let groups = self.0.groups.read();
        groups
            .unwrap_or_else(PoisonError::into_inner)
            .contains(group)
    }
}
