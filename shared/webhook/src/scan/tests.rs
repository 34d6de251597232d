use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::{Problem, Scanner};

fn problem(document: &[u8]) -> (Problem, u64, u64) {
    let error = Scanner::check(document).unwrap_err();
    (error.problem, error.line, error.column)
}

#[test]
fn names_the_place() {
    assert_eq!(problem(b"{\n  \"a\": tru,\n}"), (Problem::Syntax, 2, 11));
    assert_eq!(problem(b"{\"a\":1,}"), (Problem::Syntax, 1, 8));
    assert_eq!(problem(b"{\"a\":1"), (Problem::CutOff, 1, 7));
    assert_eq!(problem(b""), (Problem::CutOff, 1, 1));
    assert_eq!(problem(b"[1]"), (Problem::NotAnObject, 1, 1));
    assert_eq!(problem(b"\xef\xbb\xbf"), (Problem::CutOff, 1, 4));
    assert_eq!(problem(b"\xef\xbb{}"), (Problem::Syntax, 1, 3));
    assert_eq!(
        problem(b"\xef\xbb\xbf\xef\xbb\xbf{}"),
        (Problem::Syntax, 1, 4)
    );
    assert_eq!(problem(b"{\xef\xbb\xbf}"), (Problem::Syntax, 1, 2));
    assert_eq!(problem(b"{} {}"), (Problem::Syntax, 1, 4));
    assert_eq!(problem(b"{\"a\":\"\xff\"}"), (Problem::Encoding, 1, 7));
    assert_eq!(
        problem(b"{\"a\":\"\xed\xa0\x80\"}"),
        (Problem::Encoding, 1, 8)
    );
    assert_eq!(problem(b"{\"a\":01}"), (Problem::Syntax, 1, 7));
    assert_eq!(problem(b"{\"a\":[1}"), (Problem::Syntax, 1, 8));
    assert_eq!(
        Scanner::check(b"{\n\"a\" 1}").unwrap_err().to_string(),
        "the document's JSON is broken at line 2 column 5"
    );
}

#[test]
fn nesting_is_bounded() {
    let nested = |depth: usize| {
        format!(
            "{{\"a\":{}{}}}",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    Scanner::check(nested(512).as_bytes()).unwrap();
    assert_eq!(problem(nested(513).as_bytes()).0, Problem::TooDeep);
}

#[test]
fn zeros_and_stray_bytes_are_not_an_encoding() {
    assert_eq!(problem(&[0; 8]), (Problem::Syntax, 1, 1));
    assert_eq!(problem(b"{\0\0{\0"), (Problem::Syntax, 1, 2));
    assert_eq!(problem(b"\xff{}  "), (Problem::Encoding, 1, 1));
    assert_eq!(problem(b"\xfe"), (Problem::Encoding, 1, 1));
    assert_eq!(problem(b"{\"a\0\":1}"), (Problem::Syntax, 1, 4));
    assert_eq!(problem(b"\xff\xfe").0, Problem::Utf16);
    assert_eq!(
        Scanner::check(b"\xff\xfe{\0").unwrap_err().to_string(),
        "the document is UTF-16, not UTF-8"
    );
}

/// The text in every encoding of Unicode that is not UTF-8, with and without a mark.
fn foreign(text: &str) -> Vec<(Problem, Vec<u8>)> {
    let mut all = Vec::new();
    for text in [text.to_owned(), format!("\u{feff}{text}")] {
        let units = || text.encode_utf16();
        all.extend([
            (Problem::Utf16, units().flat_map(u16::to_le_bytes).collect()),
            (Problem::Utf16, units().flat_map(u16::to_be_bytes).collect()),
        ]);
        let chars = || text.chars().map(u32::from);
        all.extend([
            (Problem::Utf32, chars().flat_map(u32::to_le_bytes).collect()),
            (Problem::Utf32, chars().flat_map(u32::to_be_bytes).collect()),
        ]);
    }
    all
}

fn in_chunks(document: &[u8], size: usize) -> Result<(), super::PayloadError> {
    let mut scanner = Scanner::new();
    for mut chunk in document.chunks(size) {
        while !chunk.is_empty() {
            let (taken, _) = scanner.next(chunk)?;
            chunk = &chunk[taken..];
        }
    }
    scanner.finish()
}

fn judged_by_serde(document: &[u8]) -> bool {
    std::str::from_utf8(document).is_ok_and(|text| {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        text.trim_start_matches([' ', '\t', '\r', '\n'])
            .starts_with('{')
            && serde_json::from_str::<IgnoredAny>(text).is_ok()
    })
}

fn json_soup() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        Just("{"),
        Just("}"),
        Just("["),
        Just("]"),
        Just(","),
        Just(":"),
        Just("\"a\""),
        Just("\"\\u00e9\""),
        Just("\"\\x\""),
        Just("\"é\""),
        Just("1"),
        Just("-0.5e+3"),
        Just("-"),
        Just("1."),
        Just("true"),
        Just("nul"),
        Just(" "),
        Just("\n"),
    ];
    prop::collection::vec(token, 0..12).prop_map(|tokens| {
        let mut text = String::from("{\"k\":");
        text.extend(tokens);
        text.push('}');
        text.into_bytes()
    })
}

proptest! {
    #[test]
    fn agrees_with_serde_json_on_soup(document in json_soup()) {
        prop_assert_eq!(Scanner::check(&document).is_ok(), judged_by_serde(&document));
    }

    #[test]
    fn agrees_with_serde_json_on_damage(
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut document = b"\xef\xbb\xbf".to_vec();
        document.extend_from_slice(br#"{"v":"2.0","i":{"n":"\u0041\n\"x","a":[1,-2.5e-3,0,true,null]},"p":{}, "q":[] }"#);
        let place = place.index(document.len());
        document[place] = byte;
        prop_assert_eq!(Scanner::check(&document).is_ok(), judged_by_serde(&document));
    }

    #[test]
    fn another_encoding_is_named_in_any_chunks(
        before in "[ \\t\\r\\n]{0,3}",
        text in "\\PC{0,8}",
        size in 1_usize..9,
    ) {
        let document = format!("{before}{}", serde_json::json!({"name": text}));
        prop_assert_eq!(in_chunks(document.as_bytes(), size), Ok(()));
        prop_assert_eq!(in_chunks(format!("\u{feff}{document}").as_bytes(), size), Ok(()));
        for (expected, bytes) in foreign(&document).into_iter().chain(foreign("{}")) {
            let error = in_chunks(&bytes, size).unwrap_err();
            prop_assert_eq!(error.problem, expected, "{:?}", bytes);
            prop_assert_eq!(Some(error), Scanner::check(&bytes).err());
        }
    }
}
