use bytes::Bytes;

use crate::scan::{PayloadError, Scanner};
use crate::strip_annotations::Cutter;

/// Checks a document like the sender does: it must be one JSON object, and may begin with a byte order mark.
///
/// # Errors
/// [`PayloadError`], with the place.
pub fn check(document: &[u8]) -> Result<(), PayloadError> {
    Scanner::check(document)
}

/// The document without its annotations: the body for a stage that does not include them.
///
/// The outermost members `annotations` and `properties` are cut out. Everything else keeps its bytes, order and
/// white space, including a byte order mark.
///
/// # Errors
/// [`PayloadError`] when it is not a JSON object, or not valid anywhere, even within the parts that are cut out.
pub fn metadata_only(document: &[u8]) -> Result<Bytes, PayloadError> {
    let mut cutter = Cutter::new();
    let mut kept = Vec::with_capacity(document.len().min(4096));
    cutter.feed(document, &mut kept)?;
    cutter.finish()?;
    Ok(kept.into())
}
