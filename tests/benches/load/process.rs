//! What this process has used, from `/proc`; elsewhere than on Linux it is not known.

use std::fmt;
use std::fs;

/// `/proc` counts CPU time in ticks of 10 ms for every program, whatever the kernel's own are.
const TICKS: f64 = 100.0;

/// Use of this process since [`Usage::begin`].
pub(crate) struct Usage {
    cpu: f64,
    resident: f64,
}

/// What was used; not a number where it is not known.
pub(crate) struct Used {
    /// User and system, in seconds.
    pub(crate) cpu: f64,
    /// Largest resident set, in MiB.
    pub(crate) peak: f64,
    /// By how much it was larger than in the beginning, in MiB.
    pub(crate) grown: f64,
}

impl Usage {
    /// Forgets the peak so far: making the files ready is not what is measured.
    pub(crate) fn begin() -> Self {
        let _ = fs::write("/proc/self/clear_refs", "5");
        Self {
            cpu: cpu().unwrap_or(f64::NAN),
            resident: memory("VmRSS:").unwrap_or(f64::NAN),
        }
    }

    pub(crate) fn end(&self) -> Used {
        let peak = memory("VmHWM:").unwrap_or(f64::NAN);
        Used {
            cpu: cpu().unwrap_or(f64::NAN) - self.cpu,
            peak,
            grown: peak - self.resident,
        }
    }
}

impl Used {
    /// CPU seconds for a thousand of so many.
    pub(crate) fn per_thousand(&self, files: usize) -> f64 {
        self.cpu / (files as f64 / 1000.0)
    }
}

impl fmt::Display for Used {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} s; {:.0} MiB", self.cpu, self.peak)
    }
}

fn cpu() -> Option<f64> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in parentheses, may hold spaces: fields are counted from behind it.
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS)
}

fn memory(name: &str) -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024.0)
}

/// A few files for each of thousands of connections: the limit is raised as far as it may be.
pub(crate) fn raise_open_files() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        let _ = setrlimit(Resource::Nofile, limit);
    }
}
