use bytes::Bytes;

use crate::cut::Cutter;
use crate::scan::PayloadError;

/// The document less its annotations: the body of a stage that does not include them.
///
/// The outermost members `annotations` and `properties` are cut out; everything else keeps its
/// bytes, its order and its white space.
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
