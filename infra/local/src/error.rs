use std::path::PathBuf;

use delivery::ports::PortError;
use embedded::OpenError;

/// What a command ends with instead of a result: one clear line each, exit code 1.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or directory cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The workflow file is no usable workflow.
    #[error("{}", lines(path, error))]
    Workflow {
        /// The file.
        path: PathBuf,
        /// All that is wrong with it.
        error: workflow::ImportError,
    },
    /// A stage that is not there.
    #[error("--stage: {0}")]
    Stage(#[from] workflow::StageLookupError),
    /// An argument that cannot be used.
    #[error("{0}")]
    Usage(String),
    /// The state directory.
    #[error(transparent)]
    State(#[from] OpenError),
    /// The engine.
    #[error("the state directory failed: {}", with_cause(.0))]
    Engine(#[from] PortError),
    /// A deployment on AWS.
    #[error("the deployment failed: {}", with_cause(.0))]
    Deployment(PortError),
    /// A deployment's stack.
    #[cfg(feature = "aws")]
    #[error("--stack: {}", of_stack(.0))]
    Stack(#[from] aws::StackError),
    /// The HTTP client.
    #[error(transparent)]
    Client(#[from] webhook::ClientError),
    /// The local server.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// The cause.
        source: std::io::Error,
    },
    /// Standard output is gone.
    #[error("the result could not be printed: {0}")]
    Output(#[from] std::io::Error),
}

impl Error {
    /// The stable machine code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "unreadable",
            Self::Workflow { error, .. } => error.code(),
            Self::Stage(error) => error.code(),
            Self::Usage(_) => "usage",
            Self::State(error) => error.code(),
            Self::Engine(error) | Self::Deployment(error) => error.kind.code(),
            #[cfg(feature = "aws")]
            Self::Stack(error) => error.code(),
            Self::Client(error) => error.code(),
            Self::Listen { .. } => "listen",
            Self::Output(_) => "output",
        }
    }
}

fn lines(path: &std::path::Path, error: &workflow::ImportError) -> String {
    let lines: Vec<_> = error
        .problems
        .iter()
        .map(|problem| format!("{}: {problem}", path.display()))
        .collect();
    lines.join("\nerror: ")
}

#[cfg(feature = "aws")]
fn of_stack(error: &aws::StackError) -> String {
    match error {
        aws::StackError::Port(error) => format!(
            "{}: check the region, the credentials and the endpoint in the environment",
            with_cause(error)
        ),
        error => error.to_string(),
    }
}

fn with_cause(error: &PortError) -> String {
    match &error.source {
        Some(source) => format!("{error} ({source})"),
        None => error.to_string(),
    }
}
