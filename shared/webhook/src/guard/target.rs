use std::net::IpAddr;

use delivery::Reason;
use url::{Host, Url};

use super::{Guard, Refused};

/// A URL that may be called, as far as its text tells.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
}

/// A URL that may not be called. Never shows the URL: its path or query may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not a URL.
    #[error("the URL cannot be read")]
    Syntax,
    /// Neither http nor https.
    #[error("the URL's scheme is neither http nor https")]
    Scheme,
    /// A user name or password in it: a second, silent way to set `Authorization`.
    #[error("the URL carries a user name or password")]
    UserInfo,
    /// No host.
    #[error("the URL names no host")]
    NoHost,
    /// An IP address that may not be called.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl TargetError {
    /// The delivery's reason.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Refused(_) => Reason::ForbiddenAddress,
            _ => Reason::InvalidUrl,
        }
    }
}

impl Target {
    /// Parses and checks a URL. The parsed host is checked, never the text: `127.1`, `0x7f000001` and
    /// full-width digits all are 127.0.0.1 by the time a connection is made.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn parse(text: &str, guard: &Guard) -> Result<Self, TargetError> {
        let url = Url::parse(text.trim()).map_err(|_| TargetError::Syntax)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(TargetError::Scheme);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(TargetError::UserInfo);
        }
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain("" | ".")) | None => return Err(TargetError::NoHost),
            // `[::1%25eth0]` does not parse; what is left of an address in a name is one without its brackets.
            Some(Host::Domain(name)) => name.trim_end_matches('.').parse().ok(),
        };
        if let Some(address) = literal {
            guard.check(address)?;
        }
        Ok(Self { url })
    }

    pub(crate) fn into_url(self) -> Url {
        self.url
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}
