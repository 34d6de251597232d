use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use delivery::ports::{PortError, Presign};
use serde_json::value::RawValue;

use crate::members::members;

/// Replaces the `s3://` values of `item.slots[].source_files[].url` in a checked document. Every other byte is
/// kept.
pub(crate) async fn replace<P: Presign>(
    document: Bytes,
    presign: &P,
    expiry: Duration,
) -> Result<Bytes, PortError> {
    let mut changed: Option<Vec<u8>> = None;
    let mut copied = 0;
    for (place, url) in s3_urls(&document) {
        let signed = presign.presign(&url, expiry).await?;
        if signed == url {
            continue;
        }
        let out = changed.get_or_insert_with(|| Vec::with_capacity(document.len() + 1024));
        out.extend_from_slice(&document[copied..place.start]);
        out.extend_from_slice(serde_json::Value::from(signed).to_string().as_bytes());
        copied = place.end;
    }
    Ok(match changed {
        None => document,
        Some(mut out) => {
            out.extend_from_slice(&document[copied..]);
            out.into()
        }
    })
}

/// The places of these values in the document, including their quotes, in order. A document with another structure
/// has none.
///
/// Repeated members are all replaced, so that a receiver gets a usable URL whichever of them it takes.
fn s3_urls(document: &[u8]) -> Vec<(Range<usize>, String)> {
    // Most documents have no such URL, and need no second parse.
    let is_written_out = |part: &[u8]| part == b"s3:" || part == br"\u0";
    if !document.windows(3).any(is_written_out) {
        return Vec::new();
    }
    let Ok(text) = std::str::from_utf8(document) else {
        return Vec::new();
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let items = named(text, "item");
    let slots = items.flat_map(|item| values(item, "slots"));
    let files = slots.flat_map(|slot| values(slot, "source_files"));
    files
        .flat_map(|file| named(file, "url"))
        .filter_map(|url| {
            let text: String = serde_json::from_str(url).ok()?;
            let start = url.as_ptr().addr() - document.as_ptr().addr();
            names_an_object(&text).then(|| (start..start + url.len(), text))
        })
        .collect()
}

/// Whether it is `s3://bucket/key`. A URL that only begins like this is kept unchanged: that it cannot be signed is
/// an error of the document, but not a reason to hold up the file.
fn names_an_object(url: &str) -> bool {
    let path = url.strip_prefix("s3://").unwrap_or_default();
    path.split_once('/').is_some_and(|(bucket, key)| {
        let is_of_a_name = |b: u8| b.is_ascii_alphanumeric() || b"-._".contains(&b);
        (3..=255).contains(&bucket.len()) && bucket.bytes().all(is_of_a_name) && !key.is_empty()
    })
}

/// The entries of all lists that are members of an object with this name.
fn values<'a>(object: &'a str, name: &'static str) -> Vec<&'a str> {
    let lists = named(object, name);
    let lists = lists.filter_map(|list| serde_json::from_str::<Vec<&RawValue>>(list).ok());
    lists.flatten().map(RawValue::get).collect()
}

/// The values of all members of an object with this name; none if it is not an object.
fn named<'a>(object: &'a str, name: &'static str) -> impl Iterator<Item = &'a str> {
    let members = members(object).into_iter();
    members.filter_map(move |(found, value)| (*found == *name.as_bytes()).then_some(value))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use delivery::ports::{PortError, PortErrorKind, Presign};

    use super::replace;

    struct Signer;

    impl Presign for Signer {
        async fn presign(&self, s3_url: &str, expiry: Duration) -> Result<String, PortError> {
            if s3_url.ends_with("denied") {
                return Err(PortError::new(PortErrorKind::Forbidden, "presign"));
            }
            let path = s3_url.trim_start_matches("s3://");
            Ok(format!("https://{path}?e={}&q=\"", expiry.as_secs()))
        }
    }

    async fn replaced(document: &'static str) -> String {
        let bytes = Bytes::from_static(document.as_bytes());
        let out = replace(bytes, &Signer, Duration::from_secs(60))
            .await
            .unwrap();
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn replaces_just_the_source_files_urls() {
        let document = r#"{ "url":"s3://x/y","item":{"url":"s3://x/y" ,"slots":[{"source_files":[
            {"url" : "s3://bkt/k1","n":1.50},{"url":"https:\/\/h/p"},{"url":"s3:\/\/bkt/\u006b2"},{"url":7},5]},7,
            {"thumbnail_url":"s3://bkt/t"}]},"annotations":[{"url":"s3://bkt/a"}] }"#;
        let expected = document
            .replace(r#""s3://bkt/k1""#, r#""https://bkt/k1?e=60&q=\"""#)
            .replace(r#""s3:\/\/bkt/\u006b2""#, r#""https://bkt/k2?e=60&q=\"""#);
        assert_ne!(document, expected);
        assert_eq!(replaced(document).await, expected);
    }

    #[tokio::test]
    async fn leaves_other_documents_alone() {
        for document in [
            r#"{"item":null,"x":"s3:"}"#,
            r#"{"item":{"slots":3},"x":"s3:"}"#,
            r#"["s3:"]"#,
            r#"{"item":[[[[["s3://bkt/k"]]]]]}"#,
            r#"{"item":{"slots":[{"source_files":[["s3://bkt/k"]]}]}}"#,
            r#"{"item":{"slots":[{"source_files":[{"url":"https://h"}]}]}}"#,
            r#"{"item":{"slots":[{"source_files":[{"url":"s3://bucket"},{"url":"s3://bucket/"}]}]}}"#,
            r#"{"item":{"slots":[{"source_files":[{"url":"s3:///key"},{"url":"s3://a bucket/key"}]}]}}"#,
        ] {
            assert_eq!(replaced(document).await, document);
        }
    }

    #[tokio::test]
    async fn replaces_them_however_they_are_spelled_and_wherever_doubled() {
        for (document, expected) in [
            (
                r#"{"item":{"slots":[{"source_files":[{"url":"\u0073\u0033\u003a//bkt/k"}]}]}}"#,
                r#"{"item":{"slots":[{"source_files":[{"url":"https://bkt/k?e=60&q=\""}]}]}}"#,
            ),
            (
                "\u{feff}{\"item\":{\"slots\":[{\"source_files\":[{\"url\":\"s3://bkt/k\"}]}]}}",
                "\u{feff}{\"item\":{\"slots\":[{\"source_files\":[{\"url\":\"https://bkt/k?e=60&q=\\\"\"}]}]}}",
            ),
            (
                r#"{"\ud800":1,"item":{"slots":[{"source_files":[{"url":"s3://one/k","url":"s3://two/k"}]}]},"item":{}}"#,
                r#"{"\ud800":1,"item":{"slots":[{"source_files":[{"url":"https://one/k?e=60&q=\"","url":"https://two/k?e=60&q=\""}]}]},"item":{}}"#,
            ),
        ] {
            assert_eq!(replaced(document).await, expected);
        }
    }

    #[tokio::test]
    async fn without_a_signer_nothing_changes() {
        let document = Bytes::from_static(
            br#"{"item":{"slots":[{"source_files":[{"url":"s3:\/\/bkt/k"}]}]}}"#,
        );
        let out = replace(document.clone(), &(), Duration::from_secs(1))
            .await
            .unwrap();
        assert_eq!(out, document);
    }

    #[tokio::test]
    async fn a_failed_signature_is_our_fault() {
        let document = Bytes::from_static(
            br#"{"item":{"slots":[{"source_files":[{"url":"s3://bkt/denied"}]}]}}"#,
        );
        let error = replace(document, &Signer, Duration::from_secs(1))
            .await
            .unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Forbidden);
    }
}
