use std::path::PathBuf;

use delivery::ports::PortError;
use embedded::OpenError;

/// Why a command could not be carried out: a message for people, and exit code 1.
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
    /// The workflow file cannot be used.
    #[error("{path}: {error}", path = path.display())]
    Workflow {
        /// The file.
        path: PathBuf,
        /// Everything that is wrong with it.
        error: workflow::ImportError,
    },
    /// A stage's client certificate cannot be used.
    #[error("{path}: {error} (secrets \"{reference}\")", path = path.display())]
    ClientCertificate {
        /// The file.
        path: PathBuf,
        /// The stage's secrets.
        reference: workflow::SecretRef,
        /// What is wrong with it.
        error: webhook::CertificateError,
    },
    /// A stage that does not exist.
    #[error("--stage: {0}")]
    Stage(#[from] workflow::StageLookupError),
    /// An argument that cannot be used.
    #[error("{0}")]
    Usage(String),
    /// The state directory cannot be opened.
    #[error(transparent)]
    State(#[from] OpenError),
    /// The engine of the state directory failed.
    #[error("the state directory failed: {}", with_cause(.0))]
    Engine(#[from] PortError),
    /// A deployment on AWS failed.
    #[error("the deployment failed: {}", with_cause(.0))]
    Deployment(PortError),
    /// A deployment's stack was not found, or could not be read.
    #[cfg(feature = "aws")]
    #[error("--stack: {}", of_stack(.0))]
    Stack(#[from] aws::StackError),
    /// An API did not do what it was asked for.
    #[error("the API: {0}")]
    Api(String),
    /// The HTTP client could not be made.
    #[error(transparent)]
    Client(#[from] webhook::ClientError),
    /// The local server cannot listen.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: String,
        /// The cause.
        source: std::io::Error,
    },
    /// Standard output could not be written to.
    #[error("the result could not be printed: {0}")]
    Output(#[from] std::io::Error),
}

impl Error {
    /// The lines that a person sees: one for each problem, with its stable code for machines.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Workflow { path, error } => {
                let problems = error.problems.iter();
                let line = |problem: &workflow::Problem| {
                    let (code, path) = (problem.code(), path.display());
                    format!("error[{code}]: {path}: {problem}")
                };
                problems.map(line).collect()
            }
            error => vec![format!("error[{}]: {error}", error.code())],
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Read { .. } => "unreadable",
            Self::Workflow { error, .. } => error.code(),
            Self::ClientCertificate { error, .. } => error.code(),
            Self::Stage(error) => error.code(),
            Self::Usage(_) => "usage",
            Self::State(error) => error.code(),
            Self::Engine(error) | Self::Deployment(error) => error.kind.code(),
            #[cfg(feature = "aws")]
            Self::Stack(error) => error.code(),
            Self::Api(_) => "api",
            Self::Client(error) => error.code(),
            Self::Listen { .. } => "listen",
            Self::Output(_) => "output",
        }
    }
}

#[cfg(feature = "aws")]
fn of_stack(error: &aws::StackError) -> String {
    match error {
        aws::StackError::Port(error) => format!(
            "{}; check the region, the credentials and the endpoint in the environment",
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
