//! What the tests of foreign input call: the document's way into a body, piece by piece.

use std::time::Duration;

use bytes::Bytes;
use delivery::ports::PortError;

use crate::presign::{self, Presign};
use crate::scan::PayloadError;
use crate::strip_annotations::Cutter;

pub use crate::payload::check;

/// The document less its annotations, as a stream's chunks make it.
///
/// # Errors
/// [`PayloadError`] when it is not a JSON object.
pub fn cut<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, PayloadError> {
    let mut cutter = Cutter::new();
    let mut kept = Vec::new();
    for chunk in chunks {
        cutter.feed(chunk, &mut kept)?;
    }
    cutter.finish()?;
    Ok(kept)
}

/// The document with its source files' `s3://` URLs presigned.
///
/// # Errors
/// What `presign` says.
pub async fn presign<P: Presign>(
    document: Bytes,
    presign: &P,
    expiry: Duration,
) -> Result<Bytes, PortError> {
    presign::replace(document, presign, expiry).await
}
