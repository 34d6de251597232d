use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::ExposeSecret;
use workflow::StageSecrets;

const MARK: &str = "[redacted]";

/// Shortest piece of a secret that is worth hiding, and that would not hide half of any text.
const SHORTEST: usize = 4;

/// Takes a stage's secrets out of what a receiver sent back: some echo the request.
pub struct Redactor {
    needles: Vec<String>,
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Redactor")
            .field("needles", &self.needles.len())
            .finish()
    }
}

impl Redactor {
    /// Hides the Authorization value, what stands behind its scheme, a Basic password, and the
    /// signing secrets, with and without their prefix.
    #[must_use]
    pub fn new(secrets: &StageSecrets) -> Self {
        let mut needles = Vec::new();
        if let Some(value) = &secrets.authorization {
            let value = value.expose_secret().trim();
            needles.push(value.to_owned());
            if let Some((scheme, rest)) = value.split_once(' ') {
                let rest = rest.trim();
                needles.push(rest.to_owned());
                if scheme.eq_ignore_ascii_case("basic")
                    && let Ok(decoded) = STANDARD.decode(rest)
                    && let Ok(pair) = String::from_utf8(decoded)
                {
                    needles.extend(
                        pair.split_once(':')
                            .map(|(_, password)| password.to_owned()),
                    );
                    needles.push(pair);
                }
            }
        }
        for secret in &secrets.signing_secrets {
            let secret = secret.expose_secret();
            needles.push(secret.to_owned());
            needles.extend(secret.strip_prefix("whsec_").map(str::to_owned));
        }
        needles.retain(|needle| needle.len() >= SHORTEST);
        // The longest first: a part of a needle must not be replaced inside of it.
        needles.sort_by_key(|needle| std::cmp::Reverse(needle.len()));
        Self { needles }
    }

    /// The text without secrets. `cut` says that the text was cut off: a secret's beginning at its
    /// end is hidden too.
    #[must_use]
    pub fn redact(&self, text: &str, cut: bool) -> String {
        let mut text = text.to_owned();
        for needle in &self.needles {
            if text.contains(needle.as_str()) {
                text = text.replace(needle.as_str(), MARK);
            }
            // JSON's own spelling of what it has to escape.
            let escaped = serde_json::to_string(needle).unwrap_or_default();
            let escaped = escaped.trim_matches('"');
            if escaped != needle && text.contains(escaped) {
                text = text.replace(escaped, MARK);
            }
        }
        if cut {
            for needle in &self.needles {
                let longest = needle.len().min(text.len());
                let end = (SHORTEST..=longest).rev().find(|length| {
                    needle.is_char_boundary(*length) && text.ends_with(&needle[..*length])
                });
                if let Some(length) = end {
                    text.truncate(text.len() - length);
                    text.push_str(MARK);
                }
            }
        }
        text
    }
}
