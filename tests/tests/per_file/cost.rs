//! What is counted, for one file.

use std::alloc::System;
use std::path::Path;

use stats_alloc::{Stats, StatsAlloc};

use crate::log::{self, Written};

/// Everything up to now.
pub(crate) struct Counted {
    written: Written,
    allocated: Stats,
}

/// For one file.
///
/// Here is the place for what the engine counts itself, once it does: jobs, statements, and how many commits
/// flushed the disk, which nobody can see from outside.
pub(crate) struct Cost {
    commits: f64,
    wal_bytes: f64,
    allocations: f64,
    allocated_bytes: f64,
}

/// The most that one file may cost.
pub(crate) struct Bounds {
    /// Commits that wrote something, flushed or not.
    pub(crate) commits: f64,
    pub(crate) wal_bytes: f64,
    /// And reallocations.
    pub(crate) allocations: f64,
    pub(crate) allocated_bytes: f64,
}

impl Counted {
    pub(crate) fn now(directory: &Path, allocator: &StatsAlloc<System>) -> Self {
        Self {
            written: log::written(directory),
            allocated: allocator.stats(),
        }
    }

    pub(crate) fn to(&self, later: &Self, files: usize) -> Cost {
        let each = |before: usize, after: usize| (after - before) as f64 / files as f64;
        let allocated = later.allocated - self.allocated;
        Cost {
            commits: each(self.written.commits, later.written.commits),
            wal_bytes: each(self.written.bytes, later.written.bytes),
            allocations: each(0, allocated.allocations + allocated.reallocations),
            allocated_bytes: each(0, allocated.bytes_allocated),
        }
    }
}

impl Cost {
    /// Prints it, and says whether it is within the bounds.
    pub(crate) fn is_within(&self, what: &str, bounds: &Bounds) -> bool {
        let counts = [
            ("commits that write", self.commits, bounds.commits),
            ("bytes written to the log", self.wal_bytes, bounds.wal_bytes),
            ("allocations", self.allocations, bounds.allocations),
            (
                "bytes allocated",
                self.allocated_bytes,
                bounds.allocated_bytes,
            ),
        ];
        for (count, found, most) in counts {
            let verdict = if found <= most { "" } else { "  TOO MANY" };
            println!("{what}: {count}: {found:.1}, at most {most}{verdict}");
        }
        counts.iter().all(|(_, found, most)| found <= most)
    }
}
