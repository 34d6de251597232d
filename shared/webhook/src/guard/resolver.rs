use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::time::timeout;

use super::Guard;

/// Looks up a name's addresses.
pub trait Lookup: Send + Sync + 'static {
    /// All addresses of `host`.
    fn lookup(&self, host: String)
    -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(
        &self,
        host: String,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// Why a name could not be resolved. The resolver's own message is not kept, because it may contain the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LookupFailed {
    /// The resolver has failed, or does not know the name.
    #[error("the host name is not known")]
    Unknown,
    /// The name exists, without an address.
    #[error("the host name has no address")]
    Empty,
    /// No answer within the time.
    #[error("the resolver did not answer in time")]
    Late,
}

/// The client's resolver. It answers only if every address of the name may be called. The connection is made to
/// the addresses that were checked, and the name is not resolved again.
#[derive(Clone)]
pub struct GuardedResolver {
    guard: Guard,
    lookup: Arc<dyn Lookup>,
    patience: Duration,
}

impl GuardedResolver {
    /// A resolver that looks names up with `lookup` for at most `patience`, and checks the addresses with `guard`.
    pub fn new(guard: Guard, lookup: Arc<dyn Lookup>, patience: Duration) -> Self {
        Self {
            guard,
            lookup,
            patience,
        }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.lookup.lookup(name.as_str().to_owned());
        let found = timeout(self.patience, found);
        let guard = self.guard.clone();
        Box::pin(async move {
            let addresses = match found.await {
                Err(_) => Err(LookupFailed::Late),
                Ok(Err(_)) => Err(LookupFailed::Unknown),
                Ok(Ok(addresses)) if addresses.is_empty() => Err(LookupFailed::Empty),
                Ok(Ok(addresses)) => Ok(addresses),
            }?;
            for address in &addresses {
                guard.check(*address)?;
            }
            // The client replaces port 0 by the scheme's port.
            let sockets = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(sockets) as Addrs)
        })
    }
}
