use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::Client;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject};
use rustls::{ClientConfig, RootCertStore};

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
pub enum ClientError {
    /// A root certificate cannot be read.
    #[error("the HTTP client could not be set up: a root certificate is not PEM")]
    Pem(#[from] pem::Error),
    /// A root certificate was read, and is none.
    #[error("the HTTP client could not be set up: a root certificate cannot be used")]
    Tls(#[from] rustls::Error),
    /// Something else, such as the user agent.
    #[error("the HTTP client could not be set up: the user agent cannot be used")]
    Client(#[from] reqwest::Error),
}

impl ClientError {
    /// The stable machine code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "http_client"
    }
}

impl CallerConfig {
    /// The root certificates. Mozilla's are in the form in which rustls uses them, because reading them takes longer than
    /// setting up all the rest.
    pub(crate) fn roots(&self) -> Result<Arc<RootCertStore>, ClientError> {
        let mut roots = RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        };
        for pem in &self.extra_roots_pem {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                roots.add(certificate?)?;
            }
        }
        Ok(Arc::new(roots))
    }

    /// What builds the clients.
    ///
    /// Proxies from the environment are ignored, because the proxy would resolve the name and so bypass the
    /// guard. Redirects are not followed, because a 307 would POST the file to whatever the receiver names. The
    /// client does not retry by itself, because retries belong to the delivery. An answer's head is read
    /// leniently, because only its status counts.
    pub(crate) fn clients(self, guard: &Guard) -> Build {
        let resolver = Arc::new(GuardedResolver::new(
            guard.clone(),
            self.lookup,
            // Shorter than the connect timeout, which would otherwise hide that the resolver was the cause.
            self.connect_timeout.mul_f64(0.8),
        ));
        Arc::new(move |idle: Duration, tls: ClientConfig| {
            let most = if idle.is_zero() {
                0
            } else {
                self.idle_connections
            };
            Client::builder()
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
                .tls_backend_preconfigured(tls)
                .build()
        })
    }
}
