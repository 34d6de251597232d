//! A Darwin JSON document on its way into a body, held against a full parse by serde_json.

use std::time::Duration;

use bytes::Bytes;
use delivery::ports::{PortError, Presign};
use futures_util::FutureExt;
use receiver::{Config, Receiver};
use serde_json::{Value, json};
use webhook::fuzzing;

use super::json::{depth, members};

/// Deepest nesting the product accepts.
const MAX_DEPTH: usize = 512;

/// What a body without annotations leaves out.
const CUT: [&[u8]; 2] = [b"annotations", b"properties"];

/// All that must hold.
///
/// # Panics
/// When something does not.
pub fn check(document: &[u8]) {
    is_judged_as_by_serde_json(document);
    loses_its_annotations_and_nothing_else(document);
    for size in [1, 2, 3, 7, 61, 4096] {
        // A large input in tiny chunks teaches nothing that a small one does not.
        if document.len() / size <= 16 * 1024 {
            is_cut_alike_in_chunks(document, size);
        }
    }
    gets_its_urls_presigned_and_nothing_else(document);
    is_taken_by_the_example_receiver(document);
}

/// What the sender's check passes is what a receiver gets, so none of it is a bad request.
fn is_taken_by_the_example_receiver(document: &[u8]) {
    if fuzzing::check(document).is_err() {
        return;
    }
    let body = std::str::from_utf8(document).expect("judged valid");
    let answer = Receiver::new(Config::default()).answer(&json!({"body": body}));
    assert_eq!(answer["statusCode"], 200, "{body}: {answer}");
}

fn is_judged_as_by_serde_json(document: &[u8]) {
    let by_serde = members(document).is_some() && depth(document) <= MAX_DEPTH;
    let judged = fuzzing::check(document);
    assert_eq!(
        judged.is_ok(),
        by_serde,
        "{judged:?}: {:?}",
        String::from_utf8_lossy(document)
    );
    if let Err(error) = judged {
        assert!(error.line >= 1 && error.column >= 1, "{error}");
    }
}

fn loses_its_annotations_and_nothing_else(document: &[u8]) {
    let cut = fuzzing::cut([document]);
    assert_eq!(
        cut.as_ref().err().copied(),
        fuzzing::check(document).err(),
        "cut and check judge alike"
    );
    let Ok(cut) = cut else { return };
    let kept = members(&cut).expect("valid in, valid out");
    let before = members(document).expect("judged valid");
    let left = before.iter().filter(|(name, _)| !CUT.contains(&&name[..]));
    assert!(
        kept.iter()
            .map(|(name, value)| (name, value.get()))
            .eq(left.map(|(name, value)| (name, value.get()))),
        "every other member keeps its bytes and its place"
    );
    assert_eq!(fuzzing::cut([&cut[..]]), Ok(cut.clone()), "once is enough");
    assert_eq!(
        cut.starts_with(b"\xef\xbb\xbf"),
        document.starts_with(b"\xef\xbb\xbf"),
        "a byte order mark stays"
    );
}

/// A document's chunks, as a store or a disk gives them, never change what goes out: a large body is
/// made twice, once for its signature, and the chunks differ from read to read.
///
/// # Panics
/// When they do.
pub fn is_cut_alike_in_chunks(document: &[u8], size: usize) {
    let whole = fuzzing::cut([document]);
    let pieces = fuzzing::cut(document.chunks(size));
    assert!(whole == pieces, "chunks of {size} bytes change the output");
}

/// Signs so that the test can tell what was signed.
struct Signer;

impl Presign for Signer {
    async fn presign(&self, s3_url: &str, _expiry: Duration) -> Result<String, PortError> {
        Ok(signed(s3_url))
    }
}

fn signed(s3_url: &str) -> String {
    format!("https://signed.example/?q=\"{s3_url}")
}

/// Only what was judged valid is presigned. By meaning, where serde_json can read the whole document: it cannot read numbers beyond f64, halves
/// of surrogate pairs, and more than 127 levels.
fn gets_its_urls_presigned_and_nothing_else(document: &[u8]) {
    if fuzzing::check(document).is_err() {
        return;
    }
    let bytes = Bytes::copy_from_slice(document);
    let replaced = fuzzing::presign(bytes, &Signer, Duration::from_secs(60))
        .now_or_never()
        .expect("the signer does not wait")
        .expect("the signer does not fail");
    assert_eq!(fuzzing::check(&replaced), Ok(()), "valid in, valid out");
    let (document, replaced) = (unmarked(document), unmarked(&replaced));
    if let Ok(mut expected) = serde_json::from_slice::<Value>(document) {
        presign_by_hand(&mut expected);
        let found: Value = serde_json::from_slice(replaced).expect("valid in, valid out");
        assert!(found == expected, "found {found}, expected {expected}");
    }
}

/// Without the byte order mark that may stand before a document.
fn unmarked(document: &[u8]) -> &[u8] {
    document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document)
}

fn presign_by_hand(document: &mut Value) {
    let slots = list(document.get_mut("item"), "slots");
    for file in slots.flat_map(|slot| list(Some(slot), "source_files")) {
        if let Some(Value::String(url)) = file.get_mut("url")
            && names_an_object(url)
        {
            *url = signed(url);
        }
    }
}

/// `s3://bucket/key`, with a bucket's name for a bucket.
fn names_an_object(url: &str) -> bool {
    let mut parts = url.splitn(4, '/');
    let (scheme, nothing) = (parts.next(), parts.next());
    let (bucket, key) = (parts.next().unwrap_or_default(), parts.next());
    let odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
    (scheme, nothing) == (Some("s3:"), Some(""))
        && (3..=255).contains(&bucket.len())
        && !bucket.contains(odd)
        && key.is_some_and(|key| !key.is_empty())
}

fn list<'a>(of: Option<&'a mut Value>, name: &str) -> impl Iterator<Item = &'a mut Value> {
    of.and_then(|value| value.get_mut(name))
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
}
