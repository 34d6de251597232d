//! Whether files at rest have an index.

use std::str::FromStr;

/// The index of files at rest, as the template's parameter `IndexFilesAtRest` has it. An entry costs a write unit for
/// each delivered file, and as much again when the file is assigned once more; scanning a million records costs about
/// two cents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AtRestIndex {
    /// `false`: there is none. Lists scan the table.
    #[default]
    Absent,
    /// `partial`: entries are written, and files that came to rest earlier have none. Lists still scan the table.
    Partial,
    /// `true`: all files at rest have entries. Lists query the index.
    Complete,
}

/// It is none of the parameter's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be false, partial or true")]
pub struct UnknownAtRestIndex;

impl FromStr for AtRestIndex {
    type Err = UnknownAtRestIndex;

    fn from_str(value: &str) -> Result<Self, UnknownAtRestIndex> {
        match value {
            "false" => Ok(Self::Absent),
            "partial" => Ok(Self::Partial),
            "true" => Ok(Self::Complete),
            _ => Err(UnknownAtRestIndex),
        }
    }
}
