use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use delivery::DocumentReader;
use delivery::ports::{PortError, Presign};
use futures_util::{Stream, StreamExt};

use crate::presign;
use crate::scan::{Mark, Scanner};

/// How far into a large document its `item` is looked for: it must end within 1 MiB. V7 writes it first.
const LIMIT: usize = 1024 * 1024;

/// The beginning of a large document, up to the end of its `item`, with presigned URLs.
pub(crate) struct Head {
    replacement: Bytes,
    /// How many bytes of the document it replaces.
    original: usize,
}

impl Head {
    /// Reads the beginning of a document and presigns its URLs. None when there is nothing to replace: no `s3://`
    /// URL of a source file, no `item` within the limit, or JSON that is not valid.
    pub(crate) async fn presigned<R: DocumentReader, P: Presign>(
        reader: &R,
        presign: &P,
        expiry: Duration,
    ) -> Result<Option<Self>, PortError> {
        let mut found = Finder::default();
        let mut chunks = reader.stream().await?;
        while let Some(chunk) = chunks.next().await {
            match found.feed(&chunk?) {
                ItemEnd::NotYet => {}
                ItemEnd::Never => return Ok(None),
                ItemEnd::Here(mut head) => {
                    let original = head.len();
                    // Closing the object after this member makes it a whole document.
                    head.push(b'}');
                    let head = Bytes::from(head);
                    let signed = presign::replace(head.clone(), presign, expiry).await?;
                    return Ok((signed != head).then(|| Self {
                        replacement: signed.slice(..signed.len() - 1),
                        original,
                    }));
                }
            }
        }
        Ok(None)
    }

    /// The length with this head of a document of `length` bytes.
    pub(crate) fn length(&self, length: u64) -> u64 {
        let bytes = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        length.saturating_sub(bytes(self.original)) + bytes(self.replacement.len())
    }
}

enum ItemEnd {
    NotYet,
    Never,
    Here(Vec<u8>),
}

/// Looks for the end of the outermost member `item`.
struct Finder {
    scanner: Scanner,
    read: Vec<u8>,
    /// The place where the name that is being read begins.
    name: usize,
    in_item: bool,
}

impl Default for Finder {
    fn default() -> Self {
        Self {
            scanner: Scanner::new(),
            read: Vec::new(),
            name: 0,
            in_item: false,
        }
    }
}

impl Finder {
    fn feed(&mut self, chunk: &[u8]) -> ItemEnd {
        let mut rest = chunk;
        while !rest.is_empty() {
            let Ok((taken, mark)) = self.scanner.next(rest) else {
                return ItemEnd::Never;
            };
            self.read.extend_from_slice(&rest[..taken]);
            rest = &rest[taken..];
            if self.read.len() > LIMIT {
                return ItemEnd::Never;
            }
            match mark {
                None => {}
                Some(Mark::Comma | Mark::Close) if self.in_item => {
                    self.read.pop();
                    return ItemEnd::Here(std::mem::take(&mut self.read));
                }
                Some(Mark::Open | Mark::Comma) => self.name = self.read.len(),
                Some(Mark::KeyEnd) => self.in_item = is_item(&self.read[self.name..]),
                Some(Mark::Close) => return ItemEnd::Never,
            }
        }
        ItemEnd::NotYet
    }
}

fn is_item(name: &[u8]) -> bool {
    serde_json::from_slice::<String>(name).is_ok_and(|name| name == "item")
}

/// A document's bytes, with its beginning replaced by another head.
pub(crate) struct Spliced<S> {
    chunks: S,
    head: Option<Bytes>,
    skip: usize,
}

impl<S> Spliced<S> {
    pub(crate) fn new(chunks: S, head: Option<&Head>) -> Self {
        Self {
            chunks,
            head: head.map(|head| head.replacement.clone()),
            skip: head.map_or(0, |head| head.original),
        }
    }
}

impl<S: Stream<Item = Result<Bytes, PortError>> + Unpin> Stream for Spliced<S> {
    type Item = Result<Bytes, PortError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(head) = self.head.take() {
            return Poll::Ready(Some(Ok(head)));
        }
        loop {
            let Poll::Ready(next) = Pin::new(&mut self.chunks).poll_next(context) else {
                return Poll::Pending;
            };
            let Some(Ok(mut chunk)) = next else {
                return Poll::Ready(next);
            };
            let skipped = self.skip.min(chunk.len());
            self.skip -= skipped;
            let chunk = chunk.split_off(skipped);
            if !chunk.is_empty() {
                return Poll::Ready(Some(Ok(chunk)));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(document: &str, size: usize) -> Option<String> {
        let mut finder = Finder::default();
        for chunk in document.as_bytes().chunks(size) {
            match finder.feed(chunk) {
                ItemEnd::NotYet => {}
                ItemEnd::Never => return None,
                ItemEnd::Here(head) => return String::from_utf8(head).ok(),
            }
        }
        None
    }

    #[test]
    fn the_item_ends_where_it_ends_however_it_is_cut() {
        let document =
            r#" {"a":{"item":1}, "it\u0065m" : {"slots":[{"x":"},"}]} , "annotations":[]}"#;
        let expected = r#" {"a":{"item":1}, "it\u0065m" : {"slots":[{"x":"},"}]} "#;
        for size in 1..document.len() {
            assert_eq!(found(document, size).as_deref(), Some(expected), "{size}");
        }
        assert_eq!(found(r#"{"item":3}"#, 4).as_deref(), Some(r#"{"item":3"#));
    }

    #[test]
    fn without_an_item_there_is_no_head() {
        for document in [
            "{}",
            "[1]",
            r#"{"x":{"item":1}}"#,
            r#"{"item":"#,
            "{nonsense",
        ] {
            assert_eq!(found(document, 3), None, "{document}");
        }
        let late = format!(r#"{{"annotations":"{}","item":1}}"#, "x".repeat(LIMIT + 1));
        assert_eq!(found(&late, 64 * 1024), None);
    }
}
