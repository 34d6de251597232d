//! Receivers that ask for a client certificate.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::sync::Arc;

use delivery::ports::Call;
use delivery::{Answer, Reason};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use support::{Names, Reader, Receiver, answer, call, config, read_request};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};
use webhook::{CertificateError, WebhookCaller, check_client_certificate};
use workflow::StageSecrets;

/// An authority, and a receiver with a certificate of it, which wants one of it from its clients and answers with the
/// number of bytes of the one it was shown.
struct World {
    authority: CertifiedIssuer<'static, KeyPair>,
    receiver: Receiver,
}

async fn world() -> World {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["receiver.test".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder(Arc::new(roots))
        .build()
        .unwrap();
    let server = ServerConfig::builder()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(server));
    let receiver = Receiver::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let mut stream = acceptor.accept(stream).await?;
            loop {
                read_request(&mut stream).await?;
                let shown = stream.get_ref().1.peer_certificates().unwrap();
                let text = format!("{:?}", shown[0].len());
                let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", text.len());
                stream.write_all(format!("{head}{text}").as_bytes()).await?;
            }
        }
    })
    .await;
    World {
        authority,
        receiver,
    }
}

impl World {
    /// A certificate of the authority for this name, and its key.
    fn client(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.authority).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn caller(&self) -> WebhookCaller {
        let mut config = config(Names::answering(&[&["127.0.0.1"]]), &["127.0.0.0/8"]);
        config.extra_roots_pem = vec![self.authority.pem().into_bytes()];
        WebhookCaller::new(config).unwrap()
    }

    fn url(&self) -> String {
        format!(
            "https://receiver.test:{}/planted",
            self.receiver.address.port()
        )
    }
}

fn secrets(pair: &(String, String)) -> StageSecrets {
    StageSecrets {
        client_certificate: Some(pair.0.as_str().into()),
        client_key: Some(pair.1.as_str().into()),
        ..StageSecrets::default()
    }
}

fn showing(url: String, pair: &(String, String)) -> Call<Reader> {
    let mut call = call(url);
    call.config.has_client_certificate = true;
    call.secrets = secrets(pair);
    call
}

fn clean(answer: &Answer, pair: &(String, String)) {
    let shown = format!("{answer:?}");
    assert!(
        !shown.contains("planted") && !shown.contains("PRIVATE"),
        "{shown}"
    );
    for line in pair.1.lines().filter(|line| line.len() > 20) {
        assert!(!shown.contains(line), "{shown}");
    }
}

#[tokio::test]
async fn each_stage_shows_its_own() {
    let world = world().await;
    let caller = world.caller();
    let pairs = [world.client("a"), world.client("a-longer-name.example")];
    let mut seen = Vec::new();
    // Twice, so that the second call may use a connection of the first.
    for pair in [&pairs[0], &pairs[1], &pairs[0], &pairs[1]] {
        let answer = answer(&caller, showing(world.url(), pair)).await;
        assert_eq!(answer.result, Ok(200), "{answer:?}");
        seen.push(answer.response_excerpt);
    }
    assert_eq!(seen[..2], seen[2..]);
    assert_ne!(seen[0], seen[1]);
    assert_eq!(world.receiver.accepted(), 2);
    // And one without a certificate uses none of these connections.
    let without = answer(&caller, call(world.url())).await;
    assert_eq!(without.result, Err(Reason::Tls), "{without:?}");
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused() {
    let (world, other) = (world().await, world().await);
    let pair = other.client("a");
    let answer = answer(&world.caller(), showing(world.url(), &pair)).await;
    assert_eq!(answer.result, Err(Reason::Tls), "{answer:?}");
    clean(&answer, &pair);
}

#[tokio::test]
async fn many_certificates_are_used_in_turn() {
    let world = world().await;
    let caller = world.caller();
    let first = world.client("first");
    for number in 0..20 {
        for pair in [&first, &world.client(&number.to_string())] {
            let answer = answer(&caller, showing(world.url(), pair)).await;
            assert_eq!(answer.result, Ok(200), "{answer:?}");
        }
    }
    // The one that is used all the time is not forgotten.
    assert_eq!(world.receiver.accepted(), 21);
}

#[tokio::test]
async fn what_cannot_be_used_is_told_before_the_call() {
    let world = world().await;
    let (good, other) = (world.client("a"), world.client("b"));
    let planted = || "planted".to_owned();
    for (pair, expected) in [
        ((planted(), good.1.clone()), CertificateError::Unreadable),
        ((good.0.clone(), planted()), CertificateError::Unreadable),
        (
            (good.0.clone(), good.0.clone()),
            CertificateError::Unreadable,
        ),
        (
            (
                good.0.clone(),
                good.1.replace("PRIVATE", "ENCRYPTED PRIVATE"),
            ),
            CertificateError::Unreadable,
        ),
        (
            (good.0.clone(), other.1.clone()),
            CertificateError::Mismatch,
        ),
    ] {
        assert_eq!(check_client_certificate(&secrets(&pair)), Err(expected));
        let answer = answer(&world.caller(), showing(world.url(), &pair)).await;
        assert_eq!(answer.result, Err(Reason::SecretMissing));
        assert_eq!(answer.detail, Some(expected.to_string()));
        clean(&answer, &pair);
    }
    check_client_certificate(&secrets(&good)).unwrap();
    let mut call = showing(world.url(), &good);
    call.secrets.client_key = None;
    assert_eq!(
        check_client_certificate(&call.secrets),
        Err(CertificateError::Missing)
    );
    assert_eq!(
        answer(&world.caller(), call).await.result,
        Err(Reason::SecretMissing)
    );
    let plain = showing(world.url().replace("https", "http"), &good);
    assert_eq!(
        answer(&world.caller(), plain).await.result,
        Err(Reason::InvalidUrl)
    );
    assert_eq!(world.receiver.accepted(), 0);
}
