//! What this process has used, from `/proc`; elsewhere than on Linux it is not known.

use std::fmt;
use std::fs;

/// `/proc` counts CPU time in ticks of 10 ms for every program, whatever the kernel's own are.
const TICKS: f64 = 100.0;

/// Use of this process since [`Usage::begin`].
pub(crate) struct Usage {
    cpu: Option<f64>,
}

/// What was used.
pub(crate) struct Used {
    /// User and system, in seconds.
    pub(crate) cpu: Option<f64>,
    /// Largest resident set, in MiB.
    pub(crate) peak: Option<u64>,
}

impl Usage {
    /// Forgets the peak so far: making the files ready is not what is measured.
    pub(crate) fn begin() -> Self {
        let _ = fs::write("/proc/self/clear_refs", "5");
        Self { cpu: cpu() }
    }

    pub(crate) fn end(&self) -> Used {
        Used {
            cpu: cpu().zip(self.cpu).map(|(now, then)| now - then),
            peak: peak(),
        }
    }
}

impl fmt::Display for Used {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.cpu, self.peak) {
            (Some(cpu), Some(peak)) => write!(f, "{cpu:.2} s; {peak} MiB"),
            _ => f.write_str("not known here"),
        }
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

fn peak() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib / 1024)
}
