//! TLS: certificates are checked, and what goes wrong is told apart from what is not TLS.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use delivery::{Answer, Reason};
use futures_util::future::pending;
use rcgen::{CertificateParams, KeyPair};
use support::{Names, Receiver, answer, call, config, read_request};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use webhook::WebhookCaller;

/// A receiver with a certificate of its own for `receiver.test`, and the certificate in PEM.
async fn receiver(expired: bool) -> (Receiver, Vec<u8>) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["receiver.test".to_owned()]).unwrap();
    if expired {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    }
    let certificate = params.self_signed(&key).unwrap();
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], private)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let receiver = Receiver::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await?;
            read_request(&mut stream).await?;
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await?;
            stream.shutdown().await
        }
    })
    .await;
    (receiver, certificate.pem().into_bytes())
}

async fn called(host: &str, receiver: &Receiver, roots: Vec<Vec<u8>>) -> Answer {
    let mut config = config(Names::answering(&[&["127.0.0.1"]]), &["127.0.0.0/8"]);
    config.extra_roots_pem = roots;
    config.connect_timeout = Duration::from_secs(1);
    let caller = WebhookCaller::new(config).unwrap();
    answer(
        &caller,
        call(format!("https://{host}:{}/", receiver.address.port())),
    )
    .await
}

fn assert_tls(answer: &Answer) {
    assert_eq!(answer.result, Err(Reason::Tls), "{answer:?}");
    assert!(answer.detail.is_some());
}

#[tokio::test]
async fn a_certificate_is_checked() {
    let (valid, root) = receiver(false).await;
    assert_eq!(
        called("receiver.test", &valid, vec![root.clone()])
            .await
            .result,
        Ok(200)
    );
    // Nobody knows it; it is for another name; for no address.
    assert_tls(&called("receiver.test", &valid, vec![]).await);
    assert_tls(&called("other.test", &valid, vec![root.clone()]).await);
    assert_tls(&called("127.0.0.1", &valid, vec![root]).await);
    let (expired, root) = receiver(true).await;
    assert_tls(&called("receiver.test", &expired, vec![root]).await);
}

#[tokio::test]
async fn what_is_not_tls() {
    let plain = Receiver::start(|mut stream| async move {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
            .await
    })
    .await;
    assert_tls(&called("receiver.test", &plain, vec![]).await);
    let hanging_up = Receiver::start(|mut stream| async move {
        let mut hello = [0; 16];
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut hello).await?;
        stream.shutdown().await?;
        pending().await
    })
    .await;
    assert_tls(&called("receiver.test", &hanging_up, vec![]).await);
    let silent = Receiver::start(|stream| async move {
        let _held = stream;
        pending().await
    })
    .await;
    let answer = called("receiver.test", &silent, vec![]).await;
    assert_eq!(answer.result, Err(Reason::ConnectTimeout));
}
