//! Arguments of `signing-key`.

use clap::{Args, Subcommand};

/// Subcommands of `signing-key`.
#[derive(Debug, Subcommand)]
pub(crate) enum SigningKeyCommand {
    /// Make a new key, and print it with its public key; it is stored nowhere.
    New,
    /// Print the public key of a key.
    Public(PublicArgs),
}

/// Arguments of `signing-key public`.
#[derive(Debug, Args)]
pub(crate) struct PublicArgs {
    /// Read the key (whsk_…) from this environment variable.
    #[arg(long, value_name = "VAR")]
    pub key_env: String,
}
