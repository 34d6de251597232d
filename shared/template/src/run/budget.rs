use crate::fault::Fault;
use crate::limits::{MAX_MEMORY, MAX_STEPS};

/// How many bytes are read or written in one step.
const BYTES_OF_A_STEP: usize = 64;

/// What a run has spent. It only grows.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    spent: Spent,
}

/// Steps and bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Steps, at most [`MAX_STEPS`].
    pub steps: u64,
    /// Bytes of what was made, at most [`MAX_MEMORY`].
    pub memory: u64,
}

impl Budget {
    /// Charges for work before it is done.
    pub(crate) fn steps(&mut self, steps: usize) -> Result<(), Fault> {
        let spent = self.spent.steps.saturating_add(steps as u64);
        if spent > MAX_STEPS {
            self.spent.steps = MAX_STEPS;
            return Err(Fault::limit(format!(
                "the template does too much for this document: it may take {MAX_STEPS} steps"
            )));
        }
        self.spent.steps = spent;
        Ok(())
    }

    /// Charges for reading or writing a text.
    pub(crate) fn text(&mut self, bytes: usize) -> Result<(), Fault> {
        self.steps(bytes / BYTES_OF_A_STEP + 1)
    }

    /// Charges for bytes before they are allocated; what writes them is work as well.
    pub(crate) fn memory(&mut self, bytes: usize) -> Result<(), Fault> {
        self.steps(bytes / BYTES_OF_A_STEP)?;
        let spent = self.spent.memory.saturating_add(bytes as u64);
        if spent > MAX_MEMORY {
            self.spent.memory = MAX_MEMORY;
            return Err(Fault::limit(format!(
                "the template makes too much of this document: its texts and lists may take {} MiB",
                MAX_MEMORY / 1024 / 1024
            )));
        }
        self.spent.memory = spent;
        Ok(())
    }

    pub(crate) const fn spent(&self) -> Spent {
        self.spent
    }
}
