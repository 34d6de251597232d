use crate::scan::{Mark, PayloadError, Scanner};

/// Members that are annotations, or derived from them.
const ANNOTATION_MEMBERS: [&str; 2] = ["annotations", "properties"];

/// A member's name that is longer than this as written is not one of [`ANNOTATION_MEMBERS`], even with every letter
/// escaped (`\u0061`).
const LONGEST_NAME: usize = 128;

/// How much white space before a member is kept; the rest is left out.
const LONGEST_GAP: usize = 64 * 1024;

#[derive(Clone, Copy)]
enum Mode {
    /// Before or after the object.
    Outside,
    /// The member's name is not known yet.
    Naming,
    Keep,
    Drop,
}

/// Cuts the annotations out of a document that is streamed. The rest keeps its bytes, order and white space.
pub(crate) struct Cutter {
    scanner: Scanner,
    mode: Mode,
    /// The part of a member that was read before its name was known.
    held: Vec<u8>,
    /// The white space it begins with.
    gap: usize,
    /// A member was kept, so the next one needs a comma.
    some: bool,
}

impl Cutter {
    pub(crate) fn new() -> Self {
        Self {
            scanner: Scanner::new(),
            mode: Mode::Outside,
            held: Vec::new(),
            gap: 0,
            some: false,
        }
    }

    /// Reads the next chunk, and appends to `out` what is kept of it.
    pub(crate) fn feed(&mut self, chunk: &[u8], out: &mut Vec<u8>) -> Result<(), PayloadError> {
        let mut rest = chunk;
        while !rest.is_empty() {
            let (taken, mark) = self.scanner.next(rest)?;
            let (piece, after) = rest.split_at(taken);
            rest = after;
            self.take(piece, mark, out);
        }
        Ok(())
    }

    /// Called at the end of the document.
    pub(crate) fn finish(&self) -> Result<(), PayloadError> {
        self.scanner.finish()
    }

    fn take(&mut self, piece: &[u8], mark: Option<Mark>, out: &mut Vec<u8>) {
        match self.mode {
            Mode::Outside => {
                out.extend_from_slice(piece);
                if mark == Some(Mark::Open) {
                    self.mode = Mode::Naming;
                }
            }
            Mode::Naming => self.name(piece, mark, out),
            Mode::Keep => match mark {
                Some(Mark::Comma) => {
                    out.extend_from_slice(&piece[..piece.len() - 1]);
                    self.mode = Mode::Naming;
                }
                _ => {
                    out.extend_from_slice(piece);
                    self.leave(mark);
                }
            },
            Mode::Drop => match mark {
                Some(Mark::Comma) => self.mode = Mode::Naming,
                _ => {
                    if mark == Some(Mark::Close) {
                        out.push(b'}');
                    }
                    self.leave(mark);
                }
            },
        }
    }

    fn name(&mut self, piece: &[u8], mark: Option<Mark>, out: &mut Vec<u8>) {
        let piece = self.hold_gap(piece);
        self.held.extend_from_slice(piece);
        let spelled = &self.held[self.gap..];
        match mark {
            Some(Mark::KeyEnd) if is_annotation_member(spelled) => {
                self.forget();
                self.mode = Mode::Drop;
            }
            Some(Mark::KeyEnd) => self.keep(out),
            // Only an empty object is closed before a first name.
            Some(_) => {
                out.append(&mut self.held);
                self.forget();
                self.leave(mark);
            }
            None if spelled.len() > LONGEST_NAME => self.keep(out),
            None => {}
        }
    }

    /// Reads white space before a name, and returns what follows it. How much is kept must not depend on the chunks,
    /// because a body is made twice, once to be signed, and both must be the same.
    fn hold_gap<'a>(&mut self, piece: &'a [u8]) -> &'a [u8] {
        if self.held.len() > self.gap {
            return piece;
        }
        let after = piece.trim_ascii_start();
        let space = piece.len() - after.len();
        let kept = space.min(LONGEST_GAP - self.gap);
        self.held.extend_from_slice(&piece[..kept]);
        self.gap += kept;
        after
    }

    fn keep(&mut self, out: &mut Vec<u8>) {
        if self.some {
            out.push(b',');
        }
        out.append(&mut self.held);
        self.forget();
        self.some = true;
        self.mode = Mode::Keep;
    }

    fn forget(&mut self) {
        self.held.clear();
        self.gap = 0;
    }

    fn leave(&mut self, mark: Option<Mark>) {
        if mark == Some(Mark::Close) {
            self.mode = Mode::Outside;
        }
    }
}

fn is_annotation_member(spelled: &[u8]) -> bool {
    spelled.len() <= LONGEST_NAME
        && serde_json::from_slice::<String>(spelled)
            .is_ok_and(|name| ANNOTATION_MEMBERS.contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value};

    use super::Cutter;
    use crate::payload::metadata_only;

    fn cut(document: &str) -> String {
        String::from_utf8(metadata_only(document.as_bytes()).unwrap().to_vec()).unwrap()
    }

    #[test]
    fn keeps_every_other_byte() {
        for (document, expected) in [
            (
                r#"{"a": 1, "annotations": [1, {"x":"]}"}], "b" :2}"#,
                r#"{"a": 1, "b" :2}"#,
            ),
            (r#"{"annotations":[],"a":1.50}"#, r#"{"a":1.50}"#),
            (r#"{"a":1E5,"annotations":[]}"#, r#"{"a":1E5}"#),
            (
                "{\n  \"a\": 1,\n  \"properties\": []\n}\n",
                "{\n  \"a\": 1}\n",
            ),
            (r#"{"annotations":1}"#, "{}"),
            (r#"{"properties":1,"annotations":2}"#, "{}"),
            ("{ }", "{ }"),
            (
                r#"{"item":{"annotations":[1],"properties":[2]}}"#,
                r#"{"item":{"annotations":[1],"properties":[2]}}"#,
            ),
            (r#"{"annotations":1,"a":2,"annotations":3}"#, r#"{"a":2}"#),
            (r#"{"\u0061nnotations":1,"a":2}"#, r#"{"a":2}"#),
            (r#"{"Annotations":1}"#, r#"{"Annotations":1}"#),
        ] {
            assert_eq!(cut(document), expected, "{document}");
        }
    }

    #[test]
    fn a_long_name_or_gap_needs_no_memory() {
        let name = "n".repeat(1_000_000);
        let gap = " ".repeat(1_000_000);
        let document = format!("{{{gap}\"{name}\":1,{gap}\"annotations\":2}}");
        let mut cutter = Cutter::new();
        let mut out = Vec::new();
        for chunk in document.as_bytes().chunks(4096) {
            cutter.feed(chunk, &mut out).unwrap();
            assert!(cutter.held.len() < 80 * 1024);
        }
        cutter.finish().unwrap();
        assert!(out.ends_with(format!("\"{name}\":1}}").as_bytes()));
    }

    #[test]
    fn a_long_gap_is_shortened_alike_in_any_chunks() {
        let document = format!("{{\"a\":1,{}\"b\":2}}", " ".repeat(70_000));
        let whole = metadata_only(document.as_bytes()).unwrap();
        assert_eq!(whole.len(), document.len() - 70_000 + super::LONGEST_GAP);
        for size in [1, 7, 4096, 65_537] {
            let mut cutter = Cutter::new();
            let mut out = Vec::new();
            for chunk in document.as_bytes().chunks(size) {
                cutter.feed(chunk, &mut out).unwrap();
            }
            assert_eq!(out, whole, "chunks of {size}");
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("\\PC{0,4}", inner), 0..4)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn is_the_same_object_less_two_members_in_any_chunks(
            members in prop::collection::vec((
                prop_oneof![Just("annotations".to_owned()), Just("properties".to_owned()), "\\PC{0,4}"],
                value(),
            ), 0..6),
            pretty in any::<bool>(),
            size in 1_usize..40,
        ) {
            let mut object: Map<String, Value> = members.into_iter().collect();
            let document = if pretty {
                serde_json::to_vec_pretty(&object).unwrap()
            } else {
                serde_json::to_vec(&object).unwrap()
            };
            object.shift_remove("annotations");
            object.shift_remove("properties");
            let whole = metadata_only(&document).unwrap();
            let mut cutter = Cutter::new();
            let mut out = Vec::new();
            for chunk in document.chunks(size) {
                cutter.feed(chunk, &mut out).unwrap();
            }
            cutter.finish().unwrap();
            prop_assert_eq!(&out, &whole.to_vec());
            let found: Map<String, Value> = serde_json::from_slice(&whole).unwrap();
            prop_assert!(found.iter().eq(object.iter()));
            if !pretty {
                prop_assert_eq!(whole.to_vec(), serde_json::to_vec(&object).unwrap());
            }
        }
    }
}
