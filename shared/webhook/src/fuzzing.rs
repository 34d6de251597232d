//! Entry points for tests and fuzzing of how a document becomes a body.

use std::time::Duration;

use bytes::Bytes;
use delivery::ports::{PortError, Presign};

use crate::presign;
use crate::scan::PayloadError;
use crate::strip_annotations::Cutter;

pub use crate::payload::check;

/// The document without its annotations, made chunk by chunk as for a stream.
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
