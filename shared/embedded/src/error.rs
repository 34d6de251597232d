use std::io;
use std::path::{Path, PathBuf};

use delivery::ports::{PortError, PortErrorKind};
use rusqlite::ErrorCode;

/// The state directory cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Another process has it.
    #[error(
        "the state directory {0} is in use by another webhook-stage process: wait for it to end, or give another --state"
    )]
    Locked(PathBuf),
    /// It cannot be read or written.
    #[error("the state directory {path} cannot be used: {source}")]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Its database was written by a newer version.
    #[error(
        "the state directory {path} was written by a later version (schema {found}, this version knows {known}): update webhook-stage"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The schema of this version.
        known: i64,
    },
    /// Its database cannot be read.
    #[error(
        "the database {path} is damaged or is not a database of webhook-stage ({source}): restore a copy, or give another --state"
    )]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// The cause.
        source: rusqlite::Error,
    },
    /// The secrets file cannot be read back.
    #[error(
        "the secrets file {0} is damaged: delete it and run again with the workflow that holds the secrets"
    )]
    Secrets(PathBuf),
}

impl OpenError {
    /// The stable machine code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Locked(_) => "state_locked",
            Self::Io { .. } => "state_unusable",
            Self::Newer { .. } => "state_newer",
            Self::Corrupt { .. } => "state_corrupt",
            Self::Secrets(_) => "secrets_corrupt",
        }
    }
}

impl OpenError {
    /// Calls a database damaged only if the error shows damage or foreign tables: nobody should restore a copy
    /// because a disk is full.
    pub(crate) fn of(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        let is_foreign = error.sqlite_error_code() == Some(ErrorCode::Unknown);
        if is_foreign || kind_of(&error) == PortErrorKind::Corrupt {
            return Self::Corrupt {
                path,
                source: error,
            };
        }
        let source = io::Error::other(cause(&error));
        Self::Io { path, source }
    }
}

/// Converts a database error to the ports' error.
pub(crate) fn port_error(what: &'static str, error: rusqlite::Error) -> PortError {
    let kind = kind_of(&error);
    match kind {
        PortErrorKind::Unavailable => PortError::caused(kind, what, cause(&error)),
        _ => PortError::caused(kind, what, error),
    }
}

fn kind_of(error: &rusqlite::Error) -> PortErrorKind {
    use rusqlite::Error::{
        FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error,
    };
    match error.sqlite_error_code() {
        // A column has a value that this version never writes, so reading it again would not help.
        None if matches!(
            error,
            FromSqlConversionFailure(..)
                | IntegralValueOutOfRange(..)
                | InvalidColumnType(..)
                | Utf8Error(..)
        ) =>
        {
            PortErrorKind::Corrupt
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => PortErrorKind::Corrupt,
        Some(ErrorCode::PermissionDenied | ErrorCode::ReadOnly) => PortErrorKind::Forbidden,
        Some(ErrorCode::TooBig) => PortErrorKind::TooLarge,
        _ => PortErrorKind::Unavailable,
    }
}

/// Whether the disk failed, rather than the statement.
pub(crate) fn is_of_the_disk(error: &rusqlite::Error) -> bool {
    let code = error.sqlite_error_code();
    matches!(code, Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure))
}

/// Why the database failed, and what to do about it where that is known.
pub(crate) fn cause(error: &rusqlite::Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            "the disk is full: make room, and run the same command again".to_owned()
        }
        Some(ErrorCode::SystemIoFailure) => format!(
            "the disk cannot be read or written ({error}): look after it, and run the same command again"
        ),
        _ => error.to_string(),
    }
}

/// The error for a stored value that cannot be read back.
pub(crate) fn corrupt(
    what: &'static str,
    error: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> PortError {
    PortError::caused(PortErrorKind::Corrupt, what, error)
}
