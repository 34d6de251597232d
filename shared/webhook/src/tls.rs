//! TLS to receivers.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::sessions::Sessions;

/// A certificate, followed by those that vouch for it, and its key.
pub(crate) struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    /// `None` without a certificate or a key in it.
    pub(crate) fn from_pem(pem: &[u8]) -> Option<Self> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty())?;
        let key = PrivateKeyDer::from_pem_slice(pem).ok()?;
        Some(Self { chain, key })
    }
}

/// Clients with clones of one configuration share its sessions.
pub(crate) fn config(
    roots: Arc<RootCertStore>,
    identity: Option<Identity>,
) -> Result<ClientConfig, rustls::Error> {
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let mut config = match identity {
        Some(Identity { chain, key }) => config.with_client_auth_cert(chain, key)?,
        None => config.with_no_client_auth(),
    };
    config.resumption = Resumption::store(Arc::new(Sessions::default()));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}
