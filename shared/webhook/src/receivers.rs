use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// The most receivers that are remembered.
const MOST: usize = 1024;

/// How long a receiver is remembered. A new connection costs less than a failed attempt.
const REMEMBERED: Duration = Duration::from_secs(600);

/// How long a receiver keeps an idle connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Keeps {
    /// Not at all, or not reliably.
    Not,
    /// At least 2 s.
    Briefly,
    /// At least 5 s, like common servers.
    Long,
}

impl Keeps {
    /// Reads a `Keep-Alive` header, such as `timeout=5, max=100`. None if it has no timeout.
    pub(crate) fn announced(value: &str) -> Option<Self> {
        let timeout = value.split([',', ';']).find_map(|parameter| {
            let (name, seconds) = parameter.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case("timeout")
                .then(|| seconds.trim().trim_matches('"'))
        })?;
        let digits = timeout.bytes().take_while(u8::is_ascii_digit).count();
        match &timeout[..digits] {
            "" => None,
            seconds => Some(match seconds.parse() {
                Ok(0 | 1) => Self::Not,
                Ok(2..5) => Self::Briefly,
                Ok(5_u64..) | Err(_) => Self::Long,
            }),
        }
    }
}

/// The receivers that keep idle connections for less than the usual time, by the origin of their URL.
#[derive(Debug, Default)]
pub(crate) struct Receivers {
    known: HashMap<String, (Keeps, Instant)>,
}

impl Receivers {
    /// Whether no receiver is remembered.
    pub(crate) fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// How long the receiver keeps idle connections, as far as is known.
    pub(crate) fn keeps(&self, origin: &str, now: Instant) -> Keeps {
        match self.known.get(origin) {
            Some((keeps, until)) if now < *until => *keeps,
            _ => Keeps::Long,
        }
    }

    /// Remembers it, unless a shorter time is known: a receiver that closes connections earlier than it announces
    /// continues to announce the longer time.
    pub(crate) fn remember(&mut self, origin: String, keeps: Keeps, now: Instant) {
        if keeps == Keeps::Long || self.keeps(&origin, now) < keeps {
            return;
        }
        if self.known.len() >= MOST && !self.known.contains_key(&origin) {
            self.known.retain(|_, (_, until)| now < *until);
            if self.known.len() >= MOST {
                self.known.clear();
            }
        }
        self.known.insert(origin, (keeps, now + REMEMBERED));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tokio::time::Instant;

    use super::{Keeps, MOST, REMEMBERED, Receivers};

    #[test]
    fn what_a_header_announces() {
        for (value, expected) in [
            ("timeout=5, max=100", Some(Keeps::Long)),
            ("timeout=5", Some(Keeps::Long)),
            ("max=100, Timeout = 4", Some(Keeps::Briefly)),
            ("timeout=2", Some(Keeps::Briefly)),
            ("timeout=1", Some(Keeps::Not)),
            ("timeout=0", Some(Keeps::Not)),
            ("timeout=\"3\"", Some(Keeps::Briefly)),
            ("timeout=2.5", Some(Keeps::Briefly)),
            ("timeout=99999999999999999999", Some(Keeps::Long)),
            ("timeout=", None),
            ("timeout=-1", None),
            ("timeout", None),
            ("max=1", None),
            ("300", None),
            ("", None),
        ] {
            assert_eq!(Keeps::announced(value), expected, "{value}");
        }
    }

    #[test]
    fn the_worst_counts_until_it_is_forgotten() {
        let (mut receivers, now) = (Receivers::default(), Instant::now());
        receivers.remember("a".to_owned(), Keeps::Briefly, now);
        receivers.remember("a".to_owned(), Keeps::Not, now);
        receivers.remember("a".to_owned(), Keeps::Briefly, now);
        receivers.remember("a".to_owned(), Keeps::Long, now);
        assert_eq!(receivers.keeps("a", now), Keeps::Not);
        assert_eq!(receivers.keeps("b", now), Keeps::Long);
        let later = now + REMEMBERED;
        assert_eq!(receivers.keeps("a", later), Keeps::Long);
        receivers.remember("a".to_owned(), Keeps::Briefly, later);
        assert_eq!(receivers.keeps("a", later), Keeps::Briefly);
    }

    #[test]
    fn memory_is_bounded_and_the_forgotten_go_first() {
        let (mut receivers, now) = (Receivers::default(), Instant::now());
        let later = now + REMEMBERED;
        for n in 0..MOST {
            let at = if n % 2 == 0 { now } else { later };
            receivers.remember(n.to_string(), Keeps::Not, at);
        }
        receivers.remember("one more".to_owned(), Keeps::Not, later);
        assert_eq!(receivers.known.len(), MOST / 2 + 1);
        for n in 0..3 * MOST {
            receivers.remember(format!("x{n}"), Keeps::Not, later);
            assert!(receivers.known.len() <= MOST);
            assert_eq!(receivers.keeps(&format!("x{n}"), later), Keeps::Not);
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_without_panic(value in ".{0,40}", seconds: u64) {
            let _ = Keeps::announced(&value);
            let timeout = Keeps::announced(&format!("{}, timeout={seconds}", value.replace("timeout", "")));
            let expected = match seconds { 0 | 1 => Keeps::Not, 2..=4 => Keeps::Briefly, _ => Keeps::Long };
            prop_assert_eq!(timeout, Some(expected));
        }
    }
}
