//! Standard Webhooks signatures of both kinds, side by side.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use secrecy::ExposeSecret;
use serde_json::json;
use webhook::SigningKey;

use crate::server::Server;
use crate::{answer, call, caller};

#[tokio::test]
async fn a_receiver_verifies_both() {
    let server = Server::start();
    let (key, text) = SigningKey::generate().unwrap();
    let (other, _) = SigningKey::generate().unwrap();
    let secret = format!("whsec_{}", STANDARD.encode([7; 32]));
    for (public, expected) in [(key.public(), 200), (other.public(), 403)] {
        let keys = json!({"secret": secret, "public": public}).to_string();
        let url = format!("{}/signed/{}", server.url, URL_SAFE.encode(keys));
        let mut signed = call(url, "{\"item\":{\"name\":\"é\"}}");
        signed.secrets.signing_secrets = vec![text.expose_secret().into(), secret.as_str().into()];
        let taken = answer(&caller(), signed).await;
        assert_eq!(taken.result, Ok(expected), "{taken:?}");
    }
}
