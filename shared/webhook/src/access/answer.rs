use std::time::Duration;

use oauth2::basic::BasicTokenType;
use oauth2::{AccessToken, RefreshToken, Scope, TokenResponse};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

/// What a token endpoint answers (RFC 6749, 5.1), as far as it is used. Unlike the crate's own form it takes
/// `expires_in` as text too, as Microsoft's first version writes it, and a missing `token_type` as Bearer. The token's
/// `Debug` does not show it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TokenAnswer {
    access_token: AccessToken,
    #[serde(
        default = "bearer",
        deserialize_with = "oauth2::helpers::deserialize_untagged_enum_case_insensitive"
    )]
    token_type: BasicTokenType,
    #[serde(default, deserialize_with = "seconds")]
    expires_in: Option<u64>,
}

fn bearer() -> BasicTokenType {
    BasicTokenType::Bearer
}

/// A whole number of seconds, however it is written; none if it is anything else.
fn seconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    let text = match Value::deserialize(from)? {
        Value::String(text) => text,
        other => other.to_string(),
    };
    let (whole, _) = text.split_once('.').unwrap_or((&text, ""));
    Ok(whole.trim().parse().ok())
}

impl TokenAnswer {
    pub(super) fn is_bearer(&self) -> bool {
        matches!(self.token_type, BasicTokenType::Bearer)
    }
}

impl TokenResponse for TokenAnswer {
    type TokenType = BasicTokenType;

    fn access_token(&self) -> &AccessToken {
        &self.access_token
    }

    fn token_type(&self) -> &BasicTokenType {
        &self.token_type
    }

    fn expires_in(&self) -> Option<Duration> {
        self.expires_in.map(Duration::from_secs)
    }

    fn refresh_token(&self) -> Option<&RefreshToken> {
        None
    }

    fn scopes(&self) -> Option<&Vec<Scope>> {
        None
    }
}

#[cfg(test)]
mod tests {
    use oauth2::TokenResponse as _;
    use proptest::prelude::*;

    use super::TokenAnswer;

    #[test]
    fn what_servers_write() {
        for (answer, seconds) in [
            (
                r#"{"access_token":"t","token_type":"Bearer","expires_in":3599}"#,
                Some(3599),
            ),
            (
                r#"{"access_token":"t","token_type":"bEARER","expires_in":"3599"}"#,
                Some(3599),
            ),
            (
                r#"{"access_token":"t","expires_in":3599.0,"more":{}}"#,
                Some(3599),
            ),
            (r#"{"access_token":"t","token_type":"Bearer"}"#, None),
            (r#"{"access_token":"t","expires_in":null}"#, None),
            (r#"{"access_token":"t","expires_in":-1}"#, None),
            (r#"{"access_token":"t","expires_in":[]}"#, None),
        ] {
            let read: TokenAnswer = serde_json::from_str(answer).unwrap();
            assert!(read.is_bearer());
            assert_eq!(
                read.expires_in().map(|life| life.as_secs()),
                seconds,
                "{answer}"
            );
            assert!(!format!("{read:?}").contains("\"t\""));
        }
        let other = r#"{"access_token":"t","token_type":"mac"}"#;
        let read: TokenAnswer = serde_json::from_str(other).unwrap();
        assert!(!read.is_bearer());
        for bad in [
            "{}",
            r#"{"access_token":7}"#,
            r#"{"access_token":"t","token_type":7}"#,
        ] {
            assert!(serde_json::from_str::<TokenAnswer>(bad).is_err());
        }
    }

    proptest! {
        #[test]
        fn no_number_is_too_much(seconds in "-?[0-9]{1,30}(\\.[0-9]{1,9})?(e[0-9]{1,3})?") {
            for seconds in [seconds.clone(), format!("\"{seconds}\"")] {
                let answer = format!(r#"{{"access_token":"t","expires_in":{seconds}}}"#);
                // Not JSON at all if it begins with a zero.
                if let Ok(read) = serde_json::from_str::<TokenAnswer>(&answer) {
                    let _ = read.expires_in();
                }
            }
        }
    }
}
