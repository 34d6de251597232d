//! The receiver by TLS, with a certificate that only it and its caller know.

use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;

use rcgen::{CertificateParams, KeyPair};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{HandshakeKind, ServerConfig};

use super::{Seen, serve};

/// The name that the certificate is for.
pub(crate) const HOST: &str = "receiver.test";

/// With the certificate in PEM. Sessions can be resumed, as rustls has it by default.
pub(crate) fn acceptor() -> (TlsAcceptor, String) {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    let certificate = params.self_signed(&key).unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    (TlsAcceptor::from(Arc::new(config)), certificate.pem())
}

pub(crate) async fn accept(listener: TcpListener, acceptor: TlsAcceptor, seen: Arc<Seen>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        seen.connections.fetch_add(1, SeqCst);
        let (acceptor, seen) = (acceptor.clone(), Arc::clone(&seen));
        tokio::spawn(async move {
            // A connection that is given up before it is used has made no handshake.
            let Ok(stream) = acceptor.accept(stream).await else {
                return;
            };
            seen.handshakes.fetch_add(1, SeqCst);
            if stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed) {
                seen.resumed.fetch_add(1, SeqCst);
            }
            serve(stream, seen).await;
        });
    }
}
