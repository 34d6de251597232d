//! Counts the instructions of a program.

use tempfile::NamedTempFile;

pub struct Callgrind {
    written: NamedTempFile,
}

impl Callgrind {
    pub fn new() -> Self {
        Self {
            written: NamedTempFile::new().unwrap(),
        }
    }

    /// What comes before the program.
    pub fn words(&self) -> [String; 4] {
        let out = self.written.path().display();
        [
            "valgrind".to_owned(),
            "--quiet".to_owned(),
            "--tool=callgrind".to_owned(),
            format!("--callgrind-out-file={out}"),
        ]
    }

    /// The line `totals: 12345` of its file, once the program has ended.
    pub fn total(&self) -> u64 {
        let written = std::fs::read_to_string(self.written.path()).unwrap();
        let total = written
            .lines()
            .find_map(|line| line.strip_prefix("totals: "));
        total.expect("callgrind wrote no totals").parse().unwrap()
    }
}
