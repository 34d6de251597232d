/// How the characters of a text are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spelling {
    /// Literally.
    Plain,
    /// As in a JSON string, where any may be written as `\u` and four digits, and some after a backslash.
    Json,
}

/// The result of looking for something at the beginning of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// The text begins with it, in this many of the text's bytes.
    Whole(usize),
    /// The text ends too early, after this many bytes of what is looked for.
    CutOff(usize),
    Not,
}

/// Looks for `needle` at the beginning of `text`.
pub(crate) fn find_at(needle: &[u8], text: &[u8], spelling: Spelling) -> Match {
    let (mut wanted, mut rest) = (needle, text);
    while let Some((byte, after)) = wanted.split_first() {
        let Some((first, others)) = rest.split_first() else {
            return Match::CutOff(needle.len() - wanted.len());
        };
        if *first == b'\\' && spelling == Spelling::Json {
            match unescape(others) {
                Escape::Means(character, taken) => {
                    let mut buffer = [0; 4];
                    let meant = character.encode_utf8(&mut buffer).as_bytes();
                    let Some(after) = wanted.strip_prefix(meant) else {
                        return Match::Not;
                    };
                    (wanted, rest) = (after, &others[taken..]);
                }
                Escape::CutOff => return Match::CutOff(needle.len() - wanted.len()),
                Escape::Not => return Match::Not,
            }
        } else if first == byte {
            (wanted, rest) = (after, others);
        } else {
            return Match::Not;
        }
    }
    Match::Whole(text.len() - rest.len())
}

enum Escape {
    /// The character, and the number of bytes after the backslash that stand for it.
    Means(char, usize),
    CutOff,
    Not,
}

/// The character that is written after a backslash.
fn unescape(text: &[u8]) -> Escape {
    let character = match text.first() {
        None => return Escape::CutOff,
        Some(b'u') => return unicode(&text[1..]),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'"' | b'\\' | b'/') => char::from(text[0]),
        Some(_) => return Escape::Not,
    };
    Escape::Means(character, 1)
}

/// The character that is written after `\u`; for half of a surrogate pair, together with the second `\u`.
fn unicode(text: &[u8]) -> Escape {
    let Some(first) = text.get(..4) else {
        return Escape::CutOff;
    };
    let Some(first) = hex(first) else {
        return Escape::Not;
    };
    if let Some(character) = char::from_u32(first) {
        return Escape::Means(character, 5);
    }
    if first >= 0xdc00 {
        return Escape::Not;
    }
    let Some(second) = text.get(4..10) else {
        return Escape::CutOff;
    };
    let second = second.strip_prefix(b"\\u").and_then(hex);
    let pair = second.filter(|second| (0xdc00..0xe000).contains(second));
    let character =
        pair.and_then(|low| char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (low - 0xdc00)));
    character.map_or(Escape::Not, |character| Escape::Means(character, 11))
}

fn hex(digits: &[u8]) -> Option<u32> {
    let all = digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| all)?;
    u32::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Match, Spelling, find_at};

    fn escaped(text: &str) -> String {
        let units = text.encode_utf16().map(|unit| format!("\\u{unit:04x}"));
        units.collect()
    }

    #[test]
    fn a_text_that_ends_within_an_escape_is_cut_off() {
        let text = escaped("ab\u{1f600}");
        for end in 0..text.len() {
            let known = match end {
                0..6 => 0,
                6..12 => 1,
                _ => 2,
            };
            let found = find_at(
                "ab\u{1f600}".as_bytes(),
                &text.as_bytes()[..end],
                Spelling::Json,
            );
            assert_eq!(found, Match::CutOff(known), "{end}");
        }
    }

    #[test]
    fn half_a_pair_and_no_hex_are_nothing() {
        for text in [
            r"\ud83d\ud83d",
            r"\ude00x",
            r"\ud83dxxxxxx",
            r"\u+041",
            r"\x41",
        ] {
            let found = find_at("A".as_bytes(), text.as_bytes(), Spelling::Json);
            assert_eq!(found, Match::Not, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_spelling_is_found(needle in "\\PC{1,20}", tail in "[a-z]{0,5}") {
            let written = serde_json::Value::from(needle.as_str()).to_string();
            let written = &written[1..written.len() - 1];
            for text in [escaped(&needle), written.to_owned(), written.replace('/', "\\/")] {
                let long = format!("{text}{tail}");
                let found = find_at(needle.as_bytes(), long.as_bytes(), Spelling::Json);
                prop_assert_eq!(found, Match::Whole(text.len()));
            }
            let long = format!("{needle}{tail}");
            let found = find_at(needle.as_bytes(), long.as_bytes(), Spelling::Plain);
            prop_assert_eq!(found, Match::Whole(needle.len()));
        }

        #[test]
        fn nothing_panics(needle: Vec<u8>, text: Vec<u8>) {
            find_at(&needle, &text, Spelling::Json);
            find_at(&needle, &text, Spelling::Plain);
        }
    }
}
