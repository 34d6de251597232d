use std::borrow::Cow;
use std::future::Future;
use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use delivery::ports::PortError;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Makes presigned URLs, so that a receiver can fetch an item's files from S3.
pub trait Presign: Send + Sync {
    /// A URL that gives access to `s3_url` (`s3://bucket/key`) for `expiry`.
    fn presign(
        &self,
        s3_url: &str,
        expiry: Duration,
    ) -> impl Future<Output = Result<String, PortError>> + Send;
}

/// Leaves URLs as they are.
impl Presign for () {
    async fn presign(&self, s3_url: &str, _expiry: Duration) -> Result<String, PortError> {
        Ok(s3_url.to_owned())
    }
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    item: Option<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(borrow, default)]
    slots: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct Slot<'a> {
    #[serde(borrow, default)]
    source_files: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
struct SourceFile<'a> {
    #[serde(borrow)]
    url: Option<&'a RawValue>,
}

/// Replaces the `s3://` values of `item.slots[].source_files[].url`; every other byte stays.
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

/// The values' places in the document, quotes included, in order. A document of another shape has none.
fn s3_urls(document: &[u8]) -> Vec<(Range<usize>, String)> {
    // Most documents have none: no second parse for them.
    if !document.windows(3).any(|part| part == b"s3:") {
        return Vec::new();
    }
    let Ok(Document { item: Some(item) }) = serde_json::from_slice(document) else {
        return Vec::new();
    };
    let slots = item.slots.into_iter().filter_map(parse::<Slot<'_>>);
    slots
        .flat_map(|slot| slot.source_files)
        .filter_map(|file| parse::<SourceFile<'_>>(file)?.url)
        .filter_map(|url| {
            let text: Cow<'_, str> = parse::<String>(url)?.into();
            let start = url.get().as_ptr().addr() - document.as_ptr().addr();
            text.starts_with("s3://")
                .then(|| (start..start + url.get().len(), text.into_owned()))
        })
        .collect()
}

fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    serde_json::from_str(raw.get()).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use delivery::ports::{PortError, PortErrorKind};

    use super::{Presign, replace};

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
            {"url" : "s3://b/k1","n":1.50},{"url":"https:\/\/h/p"},{"url":"s3:\/\/b/\u006b2"},{"url":7},5]},7,
            {"thumbnail_url":"s3://b/t"}]},"annotations":[{"url":"s3://b/a"}] }"#;
        let expected = document
            .replace(r#""s3://b/k1""#, r#""https://b/k1?e=60&q=\"""#)
            .replace(r#""s3:\/\/b/\u006b2""#, r#""https://b/k2?e=60&q=\"""#);
        assert_ne!(document, expected);
        assert_eq!(replaced(document).await, expected);
    }

    #[tokio::test]
    async fn leaves_other_documents_alone() {
        for document in [
            r#"{"item":null,"x":"s3:"}"#,
            r#"{"item":{"slots":3},"x":"s3:"}"#,
            r#"["s3:"]"#,
            r#"{"item":{"slots":[{"source_files":[{"url":"https://h"}]}]}}"#,
        ] {
            assert_eq!(replaced(document).await, document);
        }
    }

    #[tokio::test]
    async fn without_a_signer_nothing_changes() {
        let document =
            Bytes::from_static(br#"{"item":{"slots":[{"source_files":[{"url":"s3:\/\/b/k"}]}]}}"#);
        let out = replace(document.clone(), &(), Duration::from_secs(1))
            .await
            .unwrap();
        assert_eq!(out, document);
    }

    #[tokio::test]
    async fn a_failed_signature_is_our_fault() {
        let document = Bytes::from_static(
            br#"{"item":{"slots":[{"source_files":[{"url":"s3://b/denied"}]}]}}"#,
        );
        let error = replace(document, &Signer, Duration::from_secs(1))
            .await
            .unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Forbidden);
    }
}
