use std::net::IpAddr;

use delivery::Reason;
use url::{Host, Url};

use super::{Guard, Refused};

/// A URL that may be called, as far as can be told without resolving its host.
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    url: Url,
}

/// Why a URL may not be called. It never shows the URL, because its path or query may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// Not a URL.
    #[error("the URL cannot be read")]
    Syntax,
    /// Neither http nor https.
    #[error("the URL's scheme is neither http nor https")]
    Scheme,
    /// It contains a user name or password, which would be a second, hidden way to set `Authorization`.
    #[error("the URL contains a user name or password")]
    UserInfo,
    /// No host.
    #[error("the URL has no host")]
    NoHost,
    /// An IP address that may not be called.
    #[error(transparent)]
    Refused(#[from] Refused),
}

impl TargetError {
    /// The delivery's reason code for it.
    #[must_use]
    pub const fn reason(self) -> Reason {
        match self {
            Self::Refused(_) => Reason::ForbiddenAddress,
            _ => Reason::InvalidUrl,
        }
    }
}

impl Target {
    /// Parses and checks a URL. The parsed host is checked, not the text, because `127.1`, `0x7f000001` and
    /// full-width digits all become 127.0.0.1 when a connection is made.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn parse(text: &str, guard: &Guard) -> Result<Self, TargetError> {
        let url = readable(text)?;
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            // An address that the parser takes for a name is an IPv6 address without its brackets.
            Some(Host::Domain(name)) => name.trim_end_matches('.').parse().ok(),
            None => return Err(TargetError::NoHost),
        };
        if let Some(address) = literal {
            guard.check(address)?;
        }
        Ok(Self { url })
    }

    /// Checks whether a URL can be a stage's URL at all: everything except its address.
    ///
    /// # Errors
    /// [`TargetError`].
    pub fn check_text(text: &str) -> Result<(), TargetError> {
        readable(text).map(|_| ())
    }

    pub(crate) fn into_url(self) -> Url {
        self.url
    }
}

fn readable(text: &str) -> Result<Url, TargetError> {
    let url = Url::parse(text.trim()).map_err(|_| TargetError::Syntax)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(TargetError::Scheme);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(TargetError::UserInfo);
    }
    match url.host() {
        None | Some(Host::Domain("" | ".")) => Err(TargetError::NoHost),
        Some(_) => Ok(url),
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Target")
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use proptest::prelude::*;

    use super::{Target, TargetError};
    use crate::guard::{Forbidden, Guard, classify};

    fn error(url: &str) -> TargetError {
        Target::parse(url, &Guard::default()).unwrap_err()
    }

    #[test]
    fn loopback_in_every_spelling() {
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f000001",
            "0x7f.1",
            "0x7f.0.0.1",
            "0177.0.0.1",
            "017700000001",
            "127.0.0.1.",
            "%31%32%37.0.0.1",
            "１２７.０.０.１",
            "127。0。0。1",
            "①②⑦.⓪.⓪.①",
            "[::1]",
            "[0:0:0:0:0:0:0:1]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[64:ff9b::127.0.0.1]",
        ] {
            for url in [
                format!("http://{host}/x"),
                format!("https://{host}:9001/2018-06-01/runtime/invocation/next"),
                format!("  HtTp:\\\\{host}\\x"),
            ] {
                match error(&url) {
                    TargetError::Refused(refused) => {
                        assert_eq!(refused.range, Forbidden::Loopback, "{url}");
                    }
                    other => panic!("{url}: {other}"),
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_used_at_all() {
        for (url, expected) in [
            ("ftp://example.com/", TargetError::Scheme),
            ("file:///etc/passwd", TargetError::Scheme),
            ("gopher://127.0.0.1:9001/", TargetError::Scheme),
            ("javascript:1", TargetError::Scheme),
            ("https://user@example.com/", TargetError::UserInfo),
            ("https://user:pass@example.com/", TargetError::UserInfo),
            ("https://:pass@example.com/", TargetError::UserInfo),
            ("https://example.com@127.0.0.1/", TargetError::UserInfo),
            ("https://example.com:443@10.0.0.1/", TargetError::UserInfo),
            ("https://", TargetError::Syntax),
            ("https://./", TargetError::NoHost),
            ("https://:80/", TargetError::Syntax),
            ("https:// /", TargetError::Syntax),
            ("https://[fe80::1%25eth0]/", TargetError::Syntax),
            ("https://[fe80::1%eth0]/", TargetError::Syntax),
            ("https://[::1/", TargetError::Syntax),
            ("https://256.1.1.1/", TargetError::Syntax),
            ("https://1.2.3.4.5/", TargetError::Syntax),
            ("https://example.com:99999/", TargetError::Syntax),
            ("https://exa mple.com/", TargetError::Syntax),
            ("https://exam%00ple.com/", TargetError::Syntax),
            ("example.com/hook", TargetError::Syntax),
            ("", TargetError::Syntax),
        ] {
            assert_eq!(error(url), expected, "{url}");
        }
    }

    /// One number in decimal, hexadecimal or octal.
    fn spelled(number: u32, base: u8) -> String {
        match base % 3 {
            0 => format!("{number}"),
            1 => format!("0x{number:x}"),
            _ => format!("0{number:o}"),
        }
    }

    proptest! {
        #[test]
        fn every_spelling_is_judged_as_its_address(
            bits in prop_oneof![any::<u32>(), 0x7f00_0000_u32..0x7fff_ffff, 0xa9fe_0000_u32..0xa9fe_ffff],
            parts in 1_usize..=4,
            bases: [u8; 4],
            dot: bool,
        ) {
            // The last part holds what the parts before it have left over.
            let mut host: Vec<String> = bits.to_be_bytes()[..parts - 1]
                .iter()
                .zip(bases)
                .map(|(octet, base)| spelled(u32::from(*octet), base))
                .collect();
            let shift = 8 * u32::try_from(parts - 1).unwrap();
            let rest = u32::try_from((u64::from(bits) << shift) & 0xffff_ffff).unwrap() >> shift;
            host.push(spelled(rest, bases[3]));
            let url = format!("http://{}{}/", host.join("."), if dot { "." } else { "" });
            let expected = classify(Ipv4Addr::from_bits(bits).into());
            let found = match Target::parse(&url, &Guard::default()) {
                Ok(_) => None,
                Err(TargetError::Refused(refused)) => Some(refused.range),
                Err(other) => panic!("{url}: {other}"),
            };
            // Metadata has a name of its own, whatever range it is in.
            prop_assert!(found == expected || found == Some(Forbidden::Metadata), "{url}");
            prop_assert_eq!(found.is_some(), expected.is_some(), "{}", url);
        }

        #[test]
        fn no_text_panics_or_gets_past(text in "(https?:)?[/\\\\@\\[\\]:%.0-9a-fx１。]{0,30}") {
            if let Ok(target) = Target::parse(&text, &Guard::default()) {
                let literal = match target.url.host() {
                    Some(url::Host::Ipv4(address)) => classify(address.into()),
                    Some(url::Host::Ipv6(address)) => classify(address.into()),
                    _ => None,
                };
                prop_assert_eq!(literal, None);
                prop_assert!(target.url.username().is_empty());
            }
        }
    }

    #[test]
    fn a_name_goes_to_the_resolver() {
        for url in [
            "https://hooks.zapier.com/hooks/catch/1/abc/",
            "http://example.com.:8080/",
            "https://bücher.example/",
            "https://1.1.1.1/",
            "https://example.com\\@127.0.0.1/",
        ] {
            Target::parse(url, &Guard::default()).unwrap();
        }
    }

    #[test]
    fn no_error_or_debug_shows_the_path() {
        let target =
            Target::parse("https://example.com/planted?planted", &Guard::default()).unwrap();
        assert!(!format!("{target:?}").contains("planted"));
        assert!(
            !error("https://planted:x@example.com/")
                .to_string()
                .contains("planted")
        );
    }
}
