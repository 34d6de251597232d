use http::HeaderValue;
use url::{Position, Url};

/// How much of an address is shown at most, in bytes.
const TOLD: usize = 300;

/// Where a redirect leads, in words for people: scheme, host and path. User information, query and fragment are
/// left out, because they may be secrets.
pub(crate) fn told(from: &Url, location: &HeaderValue) -> String {
    let location = String::from_utf8_lossy(location.as_bytes());
    match from.join(&location) {
        Ok(to) if matches!(to.scheme(), "http" | "https") => {
            let rest = &to[Position::BeforeHost..Position::AfterPath];
            let mut text = format!("redirects to {}://{rest}", to.scheme());
            text.truncate(text.floor_char_boundary(TOLD));
            text
        }
        Ok(_) => "redirects to a URL that is neither http nor https".to_owned(),
        Err(_) => "redirects to a URL that cannot be read".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;
    use url::Url;

    use super::told;

    fn told_of(location: &[u8]) -> String {
        let from = Url::parse("https://receiver.example:8443/a/hook?token=planted").unwrap();
        told(&from, &HeaderValue::from_bytes(location).unwrap())
    }

    #[test]
    fn scheme_host_and_path() {
        for (location, expected) in [
            (
                "/hook/?planted#x",
                "redirects to https://receiver.example:8443/hook/",
            ),
            (
                "hook/",
                "redirects to https://receiver.example:8443/a/hook/",
            ),
            ("", "redirects to https://receiver.example:8443/a/hook"),
            (
                "?planted",
                "redirects to https://receiver.example:8443/a/hook",
            ),
            ("//other.example/x", "redirects to https://other.example/x"),
            ("http://other.example", "redirects to http://other.example/"),
            (
                "https://me:planted@[::1]:1/x",
                "redirects to https://[::1]:1/x",
            ),
            (
                "/größe \u{202e}",
                "redirects to https://receiver.example:8443/gr%C3%B6%C3%9Fe%20%E2%80%AE",
            ),
            (
                "mailto:planted@example.com",
                "redirects to a URL that is neither http nor https",
            ),
            (
                "javascript:planted",
                "redirects to a URL that is neither http nor https",
            ),
            (
                "https://exa mple/",
                "redirects to a URL that cannot be read",
            ),
        ] {
            assert_eq!(told_of(location.as_bytes()), expected, "{location}");
        }
    }

    proptest! {
        #[test]
        fn never_a_query_and_never_long(
            start in "(https?://([a-z]{1,9}:planted@)?[a-z]{1,9})?/.{0,600}",
            end in "[?#]planted.{0,20}",
        ) {
            let location: String = [start, end].concat().chars().filter(|c| !c.is_control()).collect();
            let told = told_of(location.as_bytes());
            prop_assert!(!told.contains("planted"), "{}", told);
            prop_assert!(told.len() <= 300 && told.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
        }
    }
}
