//! Raises the limit of open files, because a call that cannot open a socket costs its file a retry.

use crate::terminal::output::say;

/// Files open besides those of calls: the standard streams, the runtime's and the database's.
const OTHERS: u64 = 32;

/// Files open for each call: its socket, and its document or the resolver's socket.
const OF_A_CALL: u64 = 2;

/// Raises the limit as far as this process is allowed to.
pub(crate) fn raise() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // If that is refused the limit stays as it was, and `calls` keeps the number of calls within it.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// How many calls to make at a time: as many as wanted, or as the limit allows.
pub(crate) fn calls(wanted: usize) -> usize {
    let Some(limit) = open_files() else {
        return wanted;
    };
    let calls = at_once(wanted, limit);
    if calls < wanted {
        say!(
            "the limit of open files ({limit}) allows {calls} calls at a time instead of {wanted}: raise it with `ulimit -n`, or give a lower --concurrency"
        );
    }
    calls
}

fn open_files() -> Option<u64> {
    #[cfg(unix)]
    return rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
    #[cfg(not(unix))]
    return None;
}

fn at_once(wanted: usize, limit: u64) -> usize {
    let most = limit.saturating_sub(OTHERS) / OF_A_CALL;
    wanted.min(usize::try_from(most).unwrap_or(wanted)).max(1)
}

#[cfg(test)]
mod tests {
    use super::at_once;

    #[test]
    fn there_is_a_file_for_every_call() {
        assert_eq!(at_once(64, 1024), 64);
        assert_eq!(at_once(4096, 1024), 496);
        assert_eq!(at_once(64, 40), 4);
        assert_eq!(at_once(64, 20), 1);
    }
}
