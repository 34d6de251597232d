//! A terminal that nobody sits at: a program shows its progress on nothing else.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::process::Stdio;
use std::time::Instant;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

pub(crate) struct Terminal {
    ours: File,
    theirs: File,
}

impl Terminal {
    pub(crate) fn new() -> Self {
        let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&ours).unwrap();
        unlockpt(&ours).unwrap();
        let name = ptsname(&ours, Vec::new()).unwrap();
        let mut end = OpenOptions::new();
        let end = end.read(true).write(true);
        let theirs = end.open(OsStr::from_bytes(name.to_bytes())).unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: 120,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&theirs, size).unwrap();
        Self {
            ours: ours.into(),
            theirs,
        }
    }

    /// What to give the program.
    pub(crate) fn end(&self) -> Stdio {
        self.theirs.try_clone().unwrap().into()
    }

    /// When the program first wrote something; none if it never did. Returns when the program has ended.
    pub(crate) fn first_output(self) -> Option<Instant> {
        let Self { mut ours, theirs } = self;
        drop(theirs);
        let mut first = None;
        let mut buffer = [0; 4096];
        // It is an error and not the end of the file when the other end is closed.
        while let Ok(1..) = ours.read(&mut buffer) {
            first.get_or_insert_with(Instant::now);
        }
        first
    }
}
