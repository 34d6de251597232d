use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use aws_sigv4::http_request::{
    PayloadChecksumKind, SignableBody, SignableRequest, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use aws_types::SdkConfig;
use delivery::ports::{SignError, SignRequest, SignatureHeader, Unsigned};
use tokio::sync::Mutex;

/// How long credentials are kept that do not say when they expire.
const KEPT: Duration = Duration::from_secs(15 * 60);

/// How long before their end credentials are loaded anew, because a call may take 300 s.
const MARGIN: Duration = Duration::from_secs(6 * 60);

/// Signs calls by AWS Signature Version 4, with the process's credentials. On Lambda these are the function's role.
pub struct SigV4Signer {
    provider: Option<SharedCredentialsProvider>,
    /// Locked while they are loaded, so that a batch loads them once.
    credentials: Mutex<Option<Loaded>>,
}

struct Loaded {
    credentials: Credentials,
    until: SystemTime,
}

impl std::fmt::Debug for SigV4Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigV4Signer").finish_non_exhaustive()
    }
}

impl SigV4Signer {
    /// Signs with the credentials of this configuration. They are loaded with the first call that is signed.
    #[must_use]
    pub fn new(config: &SdkConfig) -> Self {
        Self {
            provider: config.credentials_provider(),
            credentials: Mutex::new(None),
        }
    }

    /// The SDK keeps credentials for its own clients only, so they are kept here: with some providers each look-up is
    /// a request.
    async fn credentials(&self) -> Result<Credentials, SignError> {
        let mut kept = self.credentials.lock().await;
        let now = SystemTime::now();
        if let Some(kept) = &*kept
            && now < kept.until
        {
            return Ok(kept.credentials.clone());
        }
        let provider = self.provider.as_ref().ok_or(SignError::Credentials)?;
        let loaded = provider.provide_credentials().await;
        let credentials = loaded.map_err(|error| {
            // Some providers name what they could not read, but none names a credential.
            tracing::warn!(error = %error, "no AWS credentials to sign a call with");
            SignError::Credentials
        })?;
        let until = credentials.expiry().map_or(now + KEPT, |expiry| {
            expiry.checked_sub(MARGIN).unwrap_or(now)
        });
        *kept = Some(Loaded {
            credentials: credentials.clone(),
            until,
        });
        Ok(credentials)
    }
}

impl SignRequest for SigV4Signer {
    async fn sign(&self, request: Unsigned<'_>) -> Result<Vec<SignatureHeader>, SignError> {
        let credentials = self.credentials().await?;
        signature(credentials, &request).ok_or(SignError::Request)
    }
}

/// The path is encoded once more for the signature, as all services but S3 want it, which is the default here.
fn signature(credentials: Credentials, request: &Unsigned<'_>) -> Option<Vec<SignatureHeader>> {
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(request.region)
        .name(request.service)
        .time(request.at.to_system_time())
        .settings(settings)
        .build()
        .ok()?;
    let hash: String = request
        .body_sha256
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let body = SignableBody::Precomputed(hash);
    let signable =
        SignableRequest::new(request.method, request.url, std::iter::empty(), body).ok()?;
    let (instructions, _) = sign(signable, &parameters.into()).ok()?.into_parts();
    let (headers, _) = instructions.into_parts();
    let headers = headers.into_iter().map(|header| SignatureHeader {
        name: header.name(),
        value: header.value().into(),
    });
    Some(headers.collect())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::time::{Duration, SystemTime};

    use aws_credential_types::Credentials;
    use aws_credential_types::provider::error::CredentialsError;
    use aws_credential_types::provider::future::ProvideCredentials as Provided;
    use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
    use aws_types::SdkConfig;
    use delivery::Timestamp;
    use delivery::ports::{SignError, SignRequest, Unsigned};
    use futures_util::future::join_all;
    use secrecy::ExposeSecret;

    use super::SigV4Signer;

    /// A provider that counts how often it is asked.
    #[derive(Clone, Debug)]
    struct Counted {
        asked: Arc<AtomicUsize>,
        life: Option<Duration>,
        knows: bool,
    }

    impl ProvideCredentials for Counted {
        fn provide_credentials<'a>(&'a self) -> Provided<'a>
        where
            Self: 'a,
        {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if !self.knows {
                return Provided::ready(Err(CredentialsError::not_loaded("planted")));
            }
            let expiry = self.life.map(|life| SystemTime::now() + life);
            let token = Some("planted-token".to_owned());
            Provided::ready(Ok(Credentials::new(
                "AKID", "planted", token, expiry, "test",
            )))
        }
    }

    fn signer(life: Option<u64>, knows: bool) -> (SigV4Signer, Arc<AtomicUsize>) {
        let asked = Arc::new(AtomicUsize::new(0));
        let provider = SharedCredentialsProvider::new(Counted {
            asked: Arc::clone(&asked),
            life: life.map(Duration::from_secs),
            knows,
        });
        let config = SdkConfig::builder().credentials_provider(provider).build();
        (SigV4Signer::new(&config), asked)
    }

    fn request() -> Unsigned<'static> {
        Unsigned {
            method: "POST",
            url: "https://abc.lambda-url.eu-west-1.on.aws/planted",
            body_sha256: [7; 32],
            at: Timestamp::from_millis(1_700_000_000_000),
            service: "lambda",
            region: "eu-west-1",
        }
    }

    #[tokio::test]
    async fn a_batch_loads_the_credentials_once() {
        for (life, expected) in [(None, 1), (Some(3600), 1), (Some(60), 11)] {
            let (signer, asked) = signer(life, true);
            for signed in join_all((0..10).map(|_| signer.sign(request()))).await {
                let names: Vec<&str> = signed.unwrap().iter().map(|header| header.name).collect();
                let expected = [
                    "x-amz-date",
                    "authorization",
                    "x-amz-content-sha256",
                    "x-amz-security-token",
                ];
                assert!(
                    expected.iter().all(|name| names.contains(name)),
                    "{names:?}"
                );
            }
            signer.sign(request()).await.unwrap();
            assert_eq!(asked.load(Ordering::SeqCst), expected);
        }
    }

    #[tokio::test]
    async fn without_credentials_nothing_is_signed_and_nothing_is_told() {
        let config = SdkConfig::builder().build();
        for signer in [SigV4Signer::new(&config), signer(None, false).0] {
            let error = signer.sign(request()).await.unwrap_err();
            assert_eq!(error, SignError::Credentials);
            assert!(!format!("{error} {error:?} {signer:?}").contains("planted"));
        }
    }

    #[tokio::test]
    async fn debug_shows_nothing() {
        let (signer, _) = signer(None, true);
        let headers = signer.sign(request()).await.unwrap();
        let secret = |headers: &[delivery::ports::SignatureHeader]| format!("{headers:?}");
        assert!(!secret(&headers).contains("planted"));
        assert!(!format!("{:?}", request()).contains("planted"));
        let authorization = headers.iter().find(|header| header.name == "authorization");
        let value = authorization.unwrap().value.expose_secret();
        assert!(value.starts_with(
            "AWS4-HMAC-SHA256 Credential=AKID/20231114/eu-west-1/lambda/aws4_request, "
        ));
    }
}
