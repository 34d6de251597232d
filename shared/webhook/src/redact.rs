use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use url::{Url, form_urlencoded};
use workflow::StageSecrets;

use crate::json_escape::{Match, Spelling, find_at};

const MARK: &[u8] = b"[redacted]";

/// The shortest beginning of a secret that is hidden at the end of a text.
const SHORTEST: usize = 4;

/// The shortest segment of a URL's path that is taken for a secret, since names that people choose are shorter.
const SECRET_SEGMENT: usize = 16;

/// Hides a stage's secrets in what a receiver sent back, because some receivers echo the request.
pub struct Redactor {
    /// What to hide, the longest first.
    needles: Vec<Vec<u8>>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor")
            .field("needles", &self.needles.len())
            .finish()
    }
}

impl Redactor {
    /// Hides the Authorization value, the part after its scheme, a Basic user and password, the signing secrets with and
    /// without their prefix, the values of secret headers, the OAuth 2.0 client's secret and the client key; of the URL, the values of its query and those segments of its path that
    /// have 16 or more characters (which Zapier and Slack use as secrets). Each is also hidden in its JSON-escaped
    /// forms.
    #[must_use]
    pub fn new(secrets: &StageSecrets, url: &str) -> Self {
        Self::of(secrets, Url::parse(url).ok().as_ref())
    }

    /// The same for a URL that was parsed.
    pub(crate) fn of(secrets: &StageSecrets, url: Option<&Url>) -> Self {
        let mut texts = url.map(in_url).unwrap_or_default();
        if let Some(value) = &secrets.authorization {
            let value = value.expose_secret().trim();
            texts.push(value.to_owned());
            if let Some((scheme, rest)) = value.split_once(' ') {
                let rest = rest.trim();
                texts.push(rest.to_owned());
                if scheme.eq_ignore_ascii_case("basic")
                    && let Ok(decoded) = STANDARD.decode(rest)
                    && let Ok(pair) = String::from_utf8(decoded)
                {
                    texts.extend(
                        pair.split_once(':')
                            .map(|(_, password)| password.to_owned()),
                    );
                    texts.push(pair);
                }
            }
        }
        for secret in &secrets.signing_secrets {
            let secret = secret.expose_secret();
            texts.push(secret.to_owned());
            let encoded = secret.split_once('_').map(|(_, encoded)| encoded);
            texts.extend(encoded.map(str::to_owned));
        }
        for value in secrets.headers.values() {
            let value = value.expose_secret();
            texts.push(value.to_owned());
            texts.extend(after_scheme(value).map(str::to_owned));
        }
        if let Some(secret) = &secrets.client_secret {
            let secret = secret.expose_secret();
            texts.push(secret.to_owned());
            // As it is sent to the authorization server, which may be the receiver.
            texts.push(form_urlencoded::byte_serialize(secret.as_bytes()).collect());
        }
        if let Some(key) = &secrets.client_key {
            // Line by line, because line ends change on the way.
            let lines = key.expose_secret().lines().map(str::trim);
            let lines = lines.filter(|line| line.len() >= SECRET_SEGMENT && !line.starts_with('-'));
            texts.extend(lines.map(str::to_owned));
        }
        let mut redactor = Self {
            needles: texts.into_iter().map(String::into_bytes).collect(),
        };
        redactor.arrange();
        redactor
    }

    /// Hides this too, such as a token.
    pub(crate) fn hide(&mut self, secret: &str) {
        self.needles.push(secret.as_bytes().to_vec());
        self.arrange();
    }

    fn arrange(&mut self) {
        self.needles.retain(|needle| !needle.is_empty());
        self.needles
            .sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        self.needles.dedup();
    }

    /// The text without secrets. A beginning of a secret with 4 or more bytes at the very end is hidden too, because
    /// the text may be cut off there.
    #[must_use]
    pub fn redact(&self, text: &[u8]) -> String {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((first, after)) = rest.split_first() {
            if let Some(hidden) = self.secret_at(rest) {
                out.extend_from_slice(MARK);
                rest = &rest[hidden..];
            } else {
                out.push(*first);
                rest = after;
            }
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    /// The length of the secret that `text` begins with.
    fn secret_at(&self, text: &[u8]) -> Option<usize> {
        let mut whole = None;
        for needle in &self.needles {
            for spelling in [Spelling::Plain, Spelling::Json] {
                match find_at(needle, text, spelling) {
                    // First a secret that was cut off, since a shorter one may be its beginning.
                    Match::CutOff(known) if known >= SHORTEST => return Some(text.len()),
                    Match::Whole(length) => whole = whole.max(Some(length)),
                    Match::CutOff(_) | Match::Not => {}
                }
            }
        }
        whole
    }
}

/// What follows a scheme, such as the token of `Bearer …`; a value in several words may be anything else.
fn after_scheme(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once(' ')?;
    (rest.len() >= SHORTEST && !rest.contains(' ')).then_some(rest)
}

fn in_url(url: &Url) -> Vec<String> {
    let segments = url.path_segments().into_iter().flatten();
    let segments = segments.filter(|segment| segment.len() >= SECRET_SEGMENT);
    let pairs = url.query().unwrap_or_default().split('&');
    let values = pairs.filter_map(|pair| pair.split_once('=').map(|(_, value)| value));
    let values = values.filter(|value| value.len() >= SHORTEST);
    let raw = segments.chain(values).map(str::to_owned);
    let decoded = url.query_pairs().map(|(_, value)| value.into_owned());
    let decoded = decoded.filter(|value| value.len() >= SHORTEST);
    raw.chain(decoded).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use workflow::StageSecrets;

    use super::Redactor;

    const URL: &str = "https://hooks.example/services/T00000000aaaaaaaaaaaa/x?token=ab%2Bcdef&v=1";

    fn redactor(authorization: &str, signing: &[&str]) -> Redactor {
        Redactor::new(
            &StageSecrets {
                authorization: (!authorization.is_empty()).then(|| authorization.to_owned().into()),
                signing_secrets: signing.iter().map(|secret| (*secret).into()).collect(),
                ..StageSecrets::default()
            },
            URL,
        )
    }

    #[test]
    fn hides_every_form() {
        let basic = format!("Basic {}", STANDARD.encode("user:pass:wörd/1"));
        let redactor = redactor(&basic, &["whsec_c2VjcmV0LXNlY3JldA=="]);
        for text in [
            basic.as_str(),
            &basic[6..],
            "user:pass:wörd/1",
            "pass:wörd/1",
            "pass:wörd\\/1",
            "whsec_c2VjcmV0LXNlY3JldA==",
            "c2VjcmV0LXNlY3JldA==",
        ] {
            assert_eq!(
                redactor.redact(format!("<{text}><{text}>").as_bytes()),
                "<[redacted]><[redacted]>"
            );
        }
    }

    #[test]
    fn hides_what_json_escapes() {
        let redactor = redactor("to\"ken\\1", &[]);
        assert_eq!(
            redactor.redact(br#"{"got":"to\"ken\\1"}"#),
            r#"{"got":"[redacted]"}"#
        );
    }

    /// .NET escapes `+`, Go escapes `<`, `>` and `&`, many escape what is not ASCII.
    #[test]
    fn hides_what_json_may_escape() {
        let redactor = redactor("Basic ab+cd&efgh", &[]);
        for text in ["ab\\u002Bcd\\u0026efgh", "ab\\u002bcd&efgh", "ab+cd&efgh"] {
            let text = format!(r#"{{"got":"{text}"}}"#);
            assert_eq!(redactor.redact(text.as_bytes()), r#"{"got":"[redacted]"}"#);
        }
    }

    /// Express answers an unknown path with the path.
    #[test]
    fn hides_what_gives_a_url_its_rights() {
        let redactor = redactor("", &[]);
        assert_eq!(
            redactor.redact(b"Cannot POST /services/T00000000aaaaaaaaaaaa/x?token=ab%2Bcdef&v=1"),
            "Cannot POST /services/[redacted]/x?token=[redacted]&v=1"
        );
        assert_eq!(redactor.redact(b"token: ab+cdef"), "token: [redacted]");
    }

    #[test]
    fn hides_a_beginning_at_the_end() {
        let secret = "Bearer wörld-of-secrets";
        let redactor = redactor(secret, &[]);
        for length in 4..=secret.len() {
            let mut text = b"x ".to_vec();
            text.extend_from_slice(&secret.as_bytes()[..length]);
            assert_eq!(redactor.redact(&text), "x [redacted]", "{length}");
        }
        assert_eq!(redactor.redact("x wörl".as_bytes()), "x [redacted]");
        assert_eq!(redactor.redact(b"x Bea"), "x Bea");
        assert_eq!(redactor.redact("wörl x".as_bytes()), "wörl x");
    }

    #[test]
    fn short_secrets_do_not_eat_the_mark() {
        assert_eq!(redactor("e", &[]).redact(b"see"), "s[redacted][redacted]");
    }

    #[test]
    fn hides_what_else_a_stage_has() {
        let headers = [("x-key".to_owned(), "Key planted-1".into())];
        let pem =
            "-----BEGIN PRIVATE KEY-----\r\nplanted+key/line+2\r\n-----END PRIVATE KEY-----\r\n";
        let mut redactor = Redactor::new(
            &StageSecrets {
                headers: headers.into_iter().collect(),
                client_secret: Some("planted 3%".into()),
                client_key: Some(pem.into()),
                ..StageSecrets::default()
            },
            URL,
        );
        redactor.hide("planted-token-4");
        for text in [
            "Key planted-1",
            "planted-1",
            "planted+key/line+2",
            "planted\\u002bkey\\/line\\u002b2",
            "planted 3%",
            "planted+3%25",
            "planted-token-4",
        ] {
            assert_eq!(
                redactor.redact(format!("<{text}>").as_bytes()),
                "<[redacted]>"
            );
        }
    }

    #[test]
    fn other_text_stays() {
        assert_eq!(
            redactor("", &[]).redact(b"plain \xff text"),
            "plain \u{fffd} text"
        );
        assert!(!format!("{:?}", redactor("planted-secret", &[])).contains("planted"));
    }
}
