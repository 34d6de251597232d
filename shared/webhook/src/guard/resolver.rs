use std::error::Error;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

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

/// A name that has no address.
#[derive(Debug, thiserror::Error)]
#[error("the host name could not be resolved")]
pub struct LookupFailed(#[source] Option<io::Error>);

/// The client's resolver: it answers only if every address of the name may be called. The connection
/// is made to what was checked; nothing is resolved twice.
#[derive(Clone)]
pub struct GuardedResolver {
    guard: Guard,
    lookup: Arc<dyn Lookup>,
}

impl GuardedResolver {
    /// A resolver that looks up with `lookup` and checks with `guard`.
    pub fn new(guard: Guard, lookup: Arc<dyn Lookup>) -> Self {
        Self { guard, lookup }
    }
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let found = self.lookup.lookup(name.as_str().to_owned());
        let guard = self.guard.clone();
        Box::pin(async move {
            let addresses = match found.await {
                Ok(addresses) if addresses.is_empty() => {
                    return Err(Box::new(LookupFailed(None)) as Box<dyn Error + Send + Sync>);
                }
                Ok(addresses) => addresses,
                Err(error) => return Err(Box::new(LookupFailed(Some(error))) as _),
            };
            for address in &addresses {
                guard.check(*address).map_err(Box::new)?;
            }
            // The port is the scheme's; 0 is replaced by it.
            let sockets = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(sockets) as Addrs)
        })
    }
}
