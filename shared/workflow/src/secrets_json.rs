//! Takes a stage's secrets out of its settings.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::findings::Findings;
use crate::form;
use crate::problem::StageLabel;
use crate::request_json::check_header_value;
use crate::secrets::{SecretRef, StageSecrets, check_authorization};

type Config = Map<String, Value>;

const INVALID_AUTHORIZATION: &str = "invalid_authorization_header";
const INVALID_SIGNING_SECRET: &str = "invalid_signing_secret";

/// Removes the secrets of other stages. V7 writes the webhook's keys into every stage's config, and a stage
/// that is not a Webhook stage must not bring a secret into storage either.
pub(crate) fn forget(stage: &mut Config) {
    let Some(Value::Object(config)) = stage.get_mut("config") else {
        return;
    };
    for field in ["authorization_header", "signing_secrets"] {
        if config.get(field).is_some_and(|value| !value.is_null()) {
            config.insert(field.to_owned(), Value::Null);
        }
    }
    for (_, value) in places(config) {
        *value = Value::Null;
    }
}

/// The secrets of a Webhook stage, taken out of its settings, and where they are stored. What is taken is stored
/// together, so either all of the stage's secrets are given, or none is, and those stored before are kept.
pub(crate) fn take(
    config: &mut Config,
    label: &StageLabel,
    default_ref: SecretRef,
    secrets: &mut Vec<(SecretRef, StageSecrets)>,
    findings: &mut Findings,
) -> Option<SecretRef> {
    let mut found = StageSecrets::default();
    authorization_header(config, &mut found, label, findings);
    if found.authorization.is_some() && config.get("authorization").is_some_and(|o| !o.is_null()) {
        let what = "it has both authorization_header and authorization: keep one";
        findings.unusable(label, "two_authorizations", what);
    }
    signing_secrets(config, &mut found, label, findings);
    complete(config);
    let mut kept = Vec::new();
    for (place, value) in places(config) {
        match value.take() {
            Value::Null => kept.push(place),
            Value::String(text) => put(&mut found, &place, text, label, findings),
            other => {
                let kind = form::kind(&other);
                let what = format!("its {} must be text; found {kind}", place.path());
                findings.unusable(label, "invalid_secret", what);
            }
        }
    }
    let named = secret_ref(config, label, findings);
    if let Some(missing) = kept.first()
        && (named.is_none() || !found.is_empty())
    {
        let what = format!(
            "its {} is missing: the stage's secrets are stored together, so give all of them",
            missing.path()
        );
        findings.unusable(label, "missing_secret", what);
    }
    if found.is_empty() {
        return named;
    }
    let reference = named.unwrap_or(default_ref);
    config.insert("secret_ref".to_owned(), Value::from(reference.0.as_str()));
    secrets.push((reference.clone(), found));
    Some(reference)
}

/// A place in the settings that has a secret.
enum Place {
    Header(String),
    /// Of this user, in HTTP Basic.
    Password(String),
    ClientSecret,
    Certificate,
    Key,
}

impl Place {
    fn path(&self) -> String {
        match self {
            Self::Header(name) => format!("headers.{name}.secret"),
            Self::Password(_) => "authorization.password".to_owned(),
            Self::ClientSecret => "authorization.client_secret".to_owned(),
            Self::Certificate => "client_certificate.certificate".to_owned(),
            Self::Key => "client_certificate.key".to_owned(),
        }
    }
}

/// The places that have a secret, or `null` where it was taken out earlier.
fn places(config: &mut Config) -> Vec<(Place, &mut Value)> {
    let mut places = Vec::new();
    for (field, value) in config.iter_mut() {
        let Value::Object(object) = value else {
            continue;
        };
        let text = |name| object.get(name).and_then(Value::as_str);
        let user = text("username").unwrap_or_default().to_owned();
        for (name, value) in object.iter_mut() {
            let place = match (field.as_str(), name.as_str()) {
                ("authorization", "password") => Place::Password(user.clone()),
                ("authorization", "client_secret") => Place::ClientSecret,
                ("client_certificate", "certificate") => Place::Certificate,
                ("client_certificate", "key") => Place::Key,
                ("headers", _) => {
                    let secret = value.as_object_mut().and_then(|o| o.get_mut("secret"));
                    let place = Place::Header(name.to_ascii_lowercase());
                    places.extend(secret.map(|secret| (place, secret)));
                    continue;
                }
                _ => continue,
            };
            places.push((place, value));
        }
    }
    places
}

/// Adds the places of secrets that the settings need but leave out.
fn complete(config: &mut Config) {
    let kind = |config: &Config| {
        let kind = config.get("authorization")?.get("type")?.as_str();
        kind.map(str::to_owned)
    };
    let needed: &[(&str, &str)] = match kind(config).as_deref() {
        Some("basic") => &[("authorization", "password")],
        Some("oauth2_client_credentials") => &[("authorization", "client_secret")],
        _ => &[],
    };
    let certificate = [
        ("client_certificate", "certificate"),
        ("client_certificate", "key"),
    ];
    for (field, name) in needed.iter().copied().chain(certificate) {
        if let Some(Value::Object(object)) = config.get_mut(field) {
            object.entry(name).or_insert(Value::Null);
        }
    }
}

fn put(
    found: &mut StageSecrets,
    place: &Place,
    text: String,
    label: &StageLabel,
    findings: &mut Findings,
) {
    if text.is_empty() {
        let what = format!("its {} is empty", place.path());
        findings.unusable(label, "invalid_secret", what);
        return;
    }
    let secret = SecretString::from(text);
    match place {
        Place::Header(name) => {
            if let Err(what) = check_header_value(secret.expose_secret()) {
                let what = format!("its {} {what}", place.path());
                findings.unusable(label, "invalid_secret", what);
            }
            found.headers.insert(name.clone(), secret);
        }
        Place::Password(user) => {
            let pair = format!("{user}:{}", secret.expose_secret());
            let value = format!("Basic {}", STANDARD.encode(pair));
            found.authorization = Some(value.into());
        }
        Place::ClientSecret => found.client_secret = Some(secret),
        Place::Certificate => found.client_certificate = Some(secret),
        Place::Key => found.client_key = Some(secret),
    }
}

fn authorization_header(
    config: &mut Config,
    secrets: &mut StageSecrets,
    label: &StageLabel,
    findings: &mut Findings,
) {
    let authorization = config.get_mut("authorization_header").map(Value::take);
    match authorization.unwrap_or_default() {
        Value::Null => {}
        // V7's editor writes this if nothing was entered.
        Value::String(value) if value.bytes().all(|byte| byte == b' ') => {}
        Value::String(value) => match check_authorization(&value) {
            Ok(()) => secrets.authorization = Some(SecretString::from(value)),
            Err(problem) => {
                let what = format!("its authorization_header {problem}");
                findings.problem(label, INVALID_AUTHORIZATION, what);
            }
        },
        other => {
            let kind = form::kind(&other);
            let what = format!("its authorization_header must be text; found {kind}");
            findings.problem(label, INVALID_AUTHORIZATION, what);
        }
    }
}

fn signing_secrets(
    config: &mut Config,
    secrets: &mut StageSecrets,
    label: &StageLabel,
    findings: &mut Findings,
) {
    match config.remove("signing_secrets").unwrap_or_default() {
        Value::Null => {}
        Value::Array(values) => {
            for value in values {
                match value {
                    Value::String(text) if is_signing_secret(&text) => {
                        secrets.signing_secrets.push(SecretString::from(text));
                    }
                    other => {
                        let what = format!(
                            "each of its signing_secrets must be \"whsec_\" and 24 to 64 bytes in base64, or \"whsk_\" and an Ed25519 key; found {}",
                            match other {
                                Value::String(_) => "other text",
                                other => form::kind(&other),
                            }
                        );
                        findings.problem(label, INVALID_SIGNING_SECRET, what);
                    }
                }
            }
        }
        other => {
            let kind = form::kind(&other);
            let what = format!("its signing_secrets must be a list of text; found {kind}");
            findings.problem(label, INVALID_SIGNING_SECRET, what);
        }
    }
}

fn secret_ref(config: &Config, label: &StageLabel, findings: &mut Findings) -> Option<SecretRef> {
    let value = config.get("secret_ref").filter(|value| !value.is_null())?;
    let name = value.as_str().map(|name| SecretRef(name.to_owned()));
    if name.is_none() {
        let what = format!("secret_ref must be text; found {}", form::kind(value));
        findings.wrong_form(label, "invalid_secret_ref", &what);
    }
    name
}

/// Standard Webhooks: `whsec_` and base64 of 24 to 64 bytes, or an Ed25519 key: `whsk_` and base64 of its seed, which the
/// public key may follow.
fn is_signing_secret(text: &str) -> bool {
    // Decoded like in the signer: a secret that it cannot decode would fail at every call.
    let length = |encoded| STANDARD.decode(encoded).map_or(0, |bytes| bytes.len());
    match (text.strip_prefix("whsec_"), text.strip_prefix("whsk_")) {
        (Some(encoded), _) => (24..=64).contains(&length(encoded)),
        (_, Some(encoded)) => matches!(length(encoded), 32 | 64),
        _ => false,
    }
}
