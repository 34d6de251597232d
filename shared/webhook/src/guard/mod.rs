//! The egress guard: what stands between a stage's URL and the addresses it must not reach.
//!
//! On Lambda the runtime API itself listens on loopback, so a URL that reached it could forge
//! invocations. The guard looks at the parsed host, because IP literals never reach a resolver, and
//! at every answer of the resolver that the connection is made with, so that a name cannot point
//! elsewhere between the check and the connection.

mod ranges;
mod resolver;
mod target;

use std::net::IpAddr;

use ipnet::IpNet;

pub use ranges::{Forbidden, classify};
pub use resolver::{GuardedResolver, Lookup, LookupFailed, SystemLookup};
pub use target::{Target, TargetError};

/// Addresses of machines that hand out credentials to whoever asks from inside.
const METADATA: [&str; 5] = [
    "169.254.169.254",
    "169.254.170.2",
    "168.63.129.16",
    "100.100.100.200",
    "fd00:ec2::254",
];

/// Which addresses may be called.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allowed: Vec<IpNet>,
}

/// An address that may not be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{address} may not be called: {range}")]
pub struct Refused {
    /// The address.
    pub address: IpAddr,
    /// What it is.
    pub range: Forbidden,
}

impl Guard {
    /// A guard that also lets through the networks an operator allows.
    ///
    /// The machines that hand out credentials stay refused inside a wider network; only their exact
    /// address (`/32`, `/128`) allows them.
    #[must_use]
    pub fn new(allowed: Vec<IpNet>) -> Self {
        Self { allowed }
    }

    /// Checks one address.
    ///
    /// # Errors
    /// [`Refused`], which names what the address is.
    pub fn check(&self, address: IpAddr) -> Result<(), Refused> {
        let canonical = address.to_canonical();
        let Some(range) = classify(address) else {
            return Ok(());
        };
        let exact = METADATA.iter().any(|text| text.parse() == Ok(canonical));
        let is_allowed = self.allowed.iter().any(|network| {
            let whole = network.prefix_len() == network.max_prefix_len();
            (whole || !exact) && (network.contains(&canonical) || network.contains(&address))
        });
        if is_allowed {
            Ok(())
        } else {
            Err(Refused { address, range })
        }
    }
}
