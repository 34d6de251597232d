//! Reads how a stage's calls are authorized.

use serde_json::{Map, Value};
use url::Url;

use crate::access::{Access, ClientAuthentication, OAuth2, SigV4};
use crate::findings::Findings;
use crate::form;
use crate::problem::StageLabel;

type Config = Map<String, Value>;

const INVALID: &str = "invalid_authorization";

/// The longest text of an `authorization` field, in bytes.
const LONGEST: usize = 2048;

/// The most scopes.
const MAX_SCOPES: usize = 50;

pub(crate) fn access(
    config: &Config,
    url: &str,
    label: &StageLabel,
    findings: &mut Findings,
) -> Option<Access> {
    let value = config
        .get("authorization")
        .filter(|value| !value.is_null())?;
    let Some(fields) = value.as_object() else {
        let what = format!(
            "its authorization must be an object with a type; found {}",
            form::kind(value)
        );
        findings.unusable(label, INVALID, what);
        return None;
    };
    let mut problem = |what: String| findings.unusable(label, INVALID, what);
    let mut read = Fields {
        fields,
        problem: &mut problem,
    };
    match fields.get("type").and_then(Value::as_str) {
        Some("basic") => {
            let user = read.text("username", true).unwrap_or_default();
            if user.contains(':') || user.chars().any(char::is_control) {
                problem(
                    "its authorization.username must have no colon and no control character"
                        .to_owned(),
                );
            }
            None
        }
        Some("oauth2_client_credentials") => read.oauth2().map(Access::OAuth2),
        Some("aws_sigv4") => read.sigv4(url).map(Access::SigV4),
        _ => {
            problem(
                "its authorization.type must be \"basic\", \"oauth2_client_credentials\" or \"aws_sigv4\""
                    .to_owned(),
            );
            None
        }
    }
}

struct Fields<'a> {
    fields: &'a Config,
    problem: &'a mut dyn FnMut(String),
}

impl Fields<'_> {
    fn text(&mut self, name: &str, is_needed: bool) -> Option<String> {
        let value = self.fields.get(name).filter(|value| !value.is_null());
        match value {
            Some(Value::String(text)) if !text.is_empty() && text.len() <= LONGEST => {
                return Some(text.clone());
            }
            None if !is_needed => return None,
            None => (self.problem)(format!("its authorization.{name} is missing")),
            Some(other) => (self.problem)(format!(
                "its authorization.{name} must be text of 1 to {LONGEST} bytes; found {}",
                form::found(other)
            )),
        }
        None
    }

    fn oauth2(&mut self) -> Option<OAuth2> {
        let token_url = self.text("token_url", true);
        if let Some(url) = &token_url {
            self.check_token_url(url);
        }
        let client_id = self.text("client_id", true);
        let audience = self.text("audience", false);
        let authentication = self.authentication();
        let scopes = self.scopes();
        Some(OAuth2 {
            token_url: token_url?,
            client_id: client_id?,
            scopes,
            audience,
            authentication,
        })
    }

    fn check_token_url(&mut self, url: &str) {
        let parsed = Url::parse(url).ok().filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.host().is_some()
                && url.username().is_empty()
                && url.password().is_none()
        });
        if parsed.is_none() {
            (self.problem)(
                "its authorization.token_url must be a whole URL without a user name, such as https://login.example/oauth2/token"
                    .to_owned(),
            );
        }
    }

    fn authentication(&mut self) -> ClientAuthentication {
        let name = self.text("client_authentication", false);
        let Some(name) = name else {
            return ClientAuthentication::default();
        };
        let known = ClientAuthentication::ALL
            .into_iter()
            .find(|known| known.as_str() == name);
        if known.is_none() {
            (self.problem)(
                "its authorization.client_authentication must be \"client_secret_basic\" or \"client_secret_post\""
                    .to_owned(),
            );
        }
        known.unwrap_or_default()
    }

    fn scopes(&mut self) -> Vec<String> {
        let value = self.fields.get("scopes").filter(|value| !value.is_null());
        let Some(value) = value else {
            return Vec::new();
        };
        let list = value.as_array().filter(|list| list.len() <= MAX_SCOPES);
        let scopes: Option<Vec<String>> = list.and_then(|list| list.iter().map(scope).collect());
        if scopes.is_none() {
            (self.problem)(format!(
                "its authorization.scopes must be a list of at most {MAX_SCOPES} names without blanks"
            ));
        }
        scopes.unwrap_or_default()
    }

    fn sigv4(&mut self, url: &str) -> Option<SigV4> {
        let parsed = Url::parse(url).ok();
        let told = parsed
            .as_ref()
            .and_then(Url::host_str)
            .and_then(SigV4::of_host);
        let service = self.text("service", false);
        let region = self.text("region", false);
        let (own_service, own_region) = match told {
            Some(told) => (Some(told.service), Some(told.region)),
            None => (None, None),
        };
        let (Some(service), Some(region)) = (service.or(own_service), region.or(own_region)) else {
            (self.problem)(
                "its authorization needs a service, such as \"lambda\" or \"execute-api\", and a region: its url does not tell them"
                    .to_owned(),
            );
            return None;
        };
        let is_name = |text: &str| {
            let is_char =
                |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
            text.len() <= 64 && text.bytes().all(is_char)
        };
        if !is_name(&service) || !is_name(&region) {
            (self.problem)(
                "its authorization.service and region must be lower-case names of AWS, such as \"lambda\" and \"eu-west-1\""
                    .to_owned(),
            );
        }
        Some(SigV4 { service, region })
    }
}

/// A scope (RFC 6749, 3.3).
fn scope(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    let is_char = |byte: u8| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\';
    (!text.is_empty() && text.len() <= 200 && text.bytes().all(is_char)).then(|| text.to_owned())
}

/// Whether the stage has a client certificate, whose parts are among its secrets.
pub(crate) fn client_certificate(
    config: &Config,
    label: &StageLabel,
    findings: &mut Findings,
) -> bool {
    match config.get("client_certificate") {
        None | Some(Value::Null) => false,
        Some(Value::Object(_)) => true,
        Some(other) => {
            let what = format!(
                "its client_certificate must be an object with a certificate and a key; found {}",
                form::kind(other)
            );
            findings.unusable(label, "invalid_client_certificate", what);
            false
        }
    }
}
