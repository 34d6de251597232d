//! The kept inputs, damaged as transport, editors and ill will damage them.

use proptest::prelude::*;
use proptest::sample::Index;
use tests::inputs::TARGETS;

use crate::corpus::kept;

#[derive(Clone, Debug)]
enum Damage {
    Byte(Index, u8),
    Bit(Index, u8),
    Cut(Index),
    Drop(Index, usize),
    Insert(Index, &'static [u8]),
    Double(Index, usize),
    Nest(Index, usize),
    Exchange(Index, &'static [u8]),
}

const PIECES: &[&[u8]] = &[
    b"\0",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\\u0000",
    b"\"",
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"null",
    b"-0",
    b"1e999",
    b"18446744073709551616",
    b"-9223372036854775809",
    b"0.1e-400",
    b"\n\n",
    b"\r",
    b"s3://",
    b"~",
    b"#",
    b"*",
    b"\"annotations\":1,",
    b"\"id\":7,",
    b"\"team\":\"x\",",
    b"\"authorization\":\"x\",",
];

fn damage() -> impl Strategy<Value = Damage> {
    let piece = || prop::sample::select(PIECES);
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        (any::<Index>(), 0..8_u8).prop_map(|(at, bit)| Damage::Bit(at, bit)),
        any::<Index>().prop_map(Damage::Cut),
        (any::<Index>(), 1..40_usize).prop_map(|(at, length)| Damage::Drop(at, length)),
        (any::<Index>(), piece()).prop_map(|(at, piece)| Damage::Insert(at, piece)),
        (any::<Index>(), 1..80_usize).prop_map(|(at, length)| Damage::Double(at, length)),
        (any::<Index>(), 1..600_usize).prop_map(|(at, depth)| Damage::Nest(at, depth)),
        (any::<Index>(), piece()).prop_map(|(at, piece)| Damage::Exchange(at, piece)),
    ]
}

impl Damage {
    fn apply(&self, input: &mut Vec<u8>) {
        if input.is_empty() {
            return;
        }
        let length = input.len();
        let end = |at: usize, by: usize| (at + by).min(length);
        match self {
            Self::Byte(at, byte) => input[at.index(length)] = *byte,
            Self::Bit(at, bit) => input[at.index(length)] ^= 1 << bit,
            Self::Cut(at) => input.truncate(at.index(length)),
            Self::Drop(at, by) => drop(input.drain(at.index(length)..end(at.index(length), *by))),
            Self::Insert(at, piece) => {
                let at = at.index(length);
                input.splice(at..at, piece.iter().copied());
            }
            Self::Double(at, by) => {
                let at = at.index(length);
                let piece = input[at..end(at, *by)].to_vec();
                input.splice(at..at, piece);
            }
            Self::Nest(at, depth) => {
                let at = value_near(input, at.index(length));
                input.splice(at..at, std::iter::repeat_n(b'[', *depth));
                if let Some(comma) = input[at..].iter().position(|byte| b",}".contains(byte)) {
                    let at = at + comma;
                    input.splice(at..at, std::iter::repeat_n(b']', *depth));
                }
            }
            Self::Exchange(at, piece) => {
                let at = value_near(input, at.index(length));
                let until = input[at..].iter().position(|byte| b",}]".contains(byte));
                input.splice(at..at + until.unwrap_or(0), piece.iter().copied());
            }
        }
    }
}

/// Where the next value begins, if there is a next.
fn value_near(input: &[u8], at: usize) -> usize {
    input[at..]
        .iter()
        .position(|byte| *byte == b':')
        .map_or(at, |colon| at + colon + 1)
}

fn holds_when_damaged(target: &str) {
    let (_, check) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    // Long ones take their time, and have what is special about them elsewhere.
    let kept: Vec<_> = kept(target)
        .into_iter()
        .map(|(_, input)| input)
        .filter(|input| input.len() < 8192)
        .collect();
    let inputs = (
        prop::sample::select(kept),
        prop::collection::vec(damage(), 1..6),
    );
    let config = ProptestConfig {
        cases: ProptestConfig::default().cases * 4,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    proptest!(config, |((mut input, damages) in inputs)| {
        for damage in damages {
            damage.apply(&mut input);
        }
        check(&input);
    });
}

#[test]
fn authorizer_events() {
    holds_when_damaged("authorizer");
}

#[test]
fn documents() {
    holds_when_damaged("document");
}

#[test]
fn messages() {
    holds_when_damaged("message");
}

#[test]
fn records() {
    holds_when_damaged("record");
}

#[test]
fn requests() {
    holds_when_damaged("request");
}

#[test]
fn retry_after_values() {
    holds_when_damaged("retry_after");
}

#[test]
fn workflows() {
    holds_when_damaged("workflow");
}
