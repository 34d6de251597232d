use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::{Certificate, Client, Identity};

use crate::certificates::Build;
use crate::guard::{Guard, GuardedResolver, Lookup, SystemLookup};

/// The most lines in an answer's head, instead of hyper's default of 100; hyper limits the size to 408 KiB. The
/// client allocates and fills 64 bytes for each with every answer: for 4,000 lines that was the dearest part of a call.
const HEAD_LINES: usize = 1000;

/// Settings of the caller.
pub struct CallerConfig {
    /// Networks that may be called although they are special.
    pub allow_networks: Vec<IpNet>,
    /// The time limit for DNS, TCP and TLS together: 5 s.
    pub connect_timeout: Duration,
    /// Sent as `User-Agent`: `webhook-stage/<version>`.
    pub user_agent: String,
    /// The most idle connections that are kept open to a receiver: 64.
    pub idle_connections: usize,
    /// Looks up host names; by default the system's resolver.
    pub lookup: Arc<dyn Lookup>,
    /// Root certificates in addition to Mozilla's, in PEM.
    pub extra_roots_pem: Vec<Vec<u8>>,
}

impl Default for CallerConfig {
    fn default() -> Self {
        Self {
            allow_networks: Vec::new(),
            connect_timeout: Duration::from_secs(5),
            user_agent: concat!("webhook-stage/", env!("CARGO_PKG_VERSION")).to_owned(),
            idle_connections: 64,
            lookup: Arc::new(SystemLookup),
            extra_roots_pem: Vec::new(),
        }
    }
}

/// The client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be set up: a root certificate or the user agent cannot be used")]
pub struct ClientError(#[from] reqwest::Error);

impl ClientError {
    /// The stable machine code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "http_client"
    }
}

impl CallerConfig {
    /// What builds the clients.
    ///
    /// Proxies from the environment are ignored, because the proxy would resolve the name and so bypass the
    /// guard. Redirects are not followed, because a 307 would POST the file to whatever the receiver names. The
    /// client does not retry by itself, because retries belong to the delivery. An answer's head is read
    /// leniently, because only its status counts.
    pub(crate) fn clients(self, guard: &Guard) -> Result<Build, ClientError> {
        let mut roots: Vec<Certificate> = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|der| Certificate::from_der(der))
            .collect::<Result<_, _>>()?;
        for pem in &self.extra_roots_pem {
            roots.push(Certificate::from_pem(pem)?);
        }
        let resolver = Arc::new(GuardedResolver::new(
            guard.clone(),
            self.lookup,
            // Shorter than the connect timeout, which would otherwise hide that the resolver was the cause.
            self.connect_timeout.mul_f64(0.8),
        ));
        Ok(Arc::new(
            move |idle: Duration, identity: Option<Identity>| {
                let most = if idle.is_zero() {
                    0
                } else {
                    self.idle_connections
                };
                let client = Client::builder()
                    .user_agent(&self.user_agent)
                    .no_proxy()
                    .redirect(reqwest::redirect::Policy::none())
                    .retry(reqwest::retry::never())
                    .referer(false)
                    .http1_only()
                    .http1_allow_spaces_after_header_name_in_responses(true)
                    .http1_allow_obsolete_multiline_headers_in_responses(true)
                    .http1_ignore_invalid_headers_in_responses(true)
                    .http1_max_headers(HEAD_LINES)
                    .tcp_nodelay(true)
                    .connect_timeout(self.connect_timeout)
                    .pool_max_idle_per_host(most)
                    .pool_idle_timeout(idle)
                    .dns_resolver(Arc::clone(&resolver))
                    .tls_certs_only(roots.iter().cloned());
                match identity {
                    Some(identity) => client.identity(identity),
                    None => client,
                }
                .build()
            },
        ))
    }
}
