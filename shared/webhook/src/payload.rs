use bytes::Bytes;

use crate::scan::{PayloadError, Scanner};
use crate::strip_annotations::Cutter;

/// Checks a document as the sender does: one JSON object, with or without a byte order mark before it.
///
/// # Errors
/// [`PayloadError`], with the place.
pub fn check(document: &[u8]) -> Result<(), PayloadError> {
    Scanner::check(document)
}

/// The document less its annotations: the body of a stage that does not include them.
///
/// The outermost members `annotations` and `properties` are cut out; everything else keeps its
/// bytes, its order and its white space, and so does a byte order mark.
///
/// # Errors
/// [`PayloadError`] when it is not a JSON object, or broken anywhere, also within what is cut out.
pub fn metadata_only(document: &[u8]) -> Result<Bytes, PayloadError> {
    let mut cutter = Cutter::new();
    let mut kept = Vec::with_capacity(document.len().min(4096));
    cutter.feed(document, &mut kept)?;
    cutter.finish()?;
    Ok(kept.into())
}
