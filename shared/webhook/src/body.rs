use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use delivery::ports::{Call, PortError, PortErrorKind};
use delivery::{Document, DocumentReader, Reason};
use futures_util::{Stream, StreamExt};
use http_body::{Body, Frame, SizeHint};
use tokio::sync::Semaphore;

use crate::payload::{PayloadError, metadata_only, validate};
use crate::signature::Signer;

/// Largest document whose annotations are cut out in memory: 256 MiB. Sent whole, a document may be larger.
const CUT_LIMIT: u64 = 256 * 1024 * 1024;

/// The body of a call, and how many bytes it has.
pub(crate) struct Prepared {
    pub(crate) body: reqwest::Body,
    pub(crate) length: u64,
    pub(crate) signature: Option<String>,
}

/// Why there is no body.
pub(crate) enum Unprepared {
    /// For good.
    Reason(Reason, Option<String>),
    /// The engine's fault.
    Port(PortError),
}

impl From<PayloadError> for Unprepared {
    fn from(error: PayloadError) -> Self {
        Self::Reason(Reason::DocumentInvalid, Some(error.to_string()))
    }
}

/// Makes the body and signs it. A large document is not held in memory when it is sent whole; it is
/// read twice when it is signed, because the signature goes before it.
pub(crate) async fn prepare<R: DocumentReader>(
    call: &Call<R>,
    cutting: &Semaphore,
) -> Result<Prepared, Unprepared> {
    let mut signer = Signer::new(
        &call.secrets.signing_secrets,
        call.delivery_id,
        call.sent_at.as_secs(),
    )
    .map_err(|error| Unprepared::Reason(Reason::SecretMissing, Some(error.to_string())))?;
    let whole = match &call.document {
        Document::Bytes(bytes) if call.include_annotations => {
            validate(bytes)?;
            bytes.clone()
        }
        Document::Bytes(bytes) => metadata_only(bytes)?,
        Document::Large(reader) if call.include_annotations => {
            return stream(reader, signer, !call.secrets.signing_secrets.is_empty()).await;
        }
        Document::Large(reader) => {
            if reader.length() > CUT_LIMIT {
                return Err(Unprepared::Reason(Reason::DocumentTooLarge, None));
            }
            // One at a time: two large documents in memory are one too many on a small function.
            let _turn = cutting.acquire().await;
            metadata_only(&collect(reader).await.map_err(Unprepared::Port)?)?
        }
    };
    signer.update(&whole);
    let length = u64::try_from(whole.len()).unwrap_or(u64::MAX);
    Ok(Prepared {
        body: whole.into(),
        length,
        signature: signer.finish(),
    })
}

async fn stream<R: DocumentReader>(
    reader: &R,
    mut signer: Signer,
    sign: bool,
) -> Result<Prepared, Unprepared> {
    if sign {
        let mut chunks = reader.stream().await.map_err(Unprepared::Port)?;
        while let Some(chunk) = chunks.next().await {
            signer.update(&chunk.map_err(Unprepared::Port)?);
        }
    }
    let length = reader.length();
    let chunks = reader.stream().await.map_err(Unprepared::Port)?;
    let body = Streamed {
        chunks: Mutex::new(chunks),
        left: length,
    };
    Ok(Prepared {
        body: reqwest::Body::wrap(body),
        length,
        signature: signer.finish(),
    })
}

async fn collect<R: DocumentReader>(reader: &R) -> Result<Bytes, PortError> {
    let mut whole = BytesMut::with_capacity(usize::try_from(reader.length()).unwrap_or(0));
    let mut chunks = reader.stream().await?;
    while let Some(chunk) = chunks.next().await {
        whole.extend_from_slice(&chunk?);
    }
    Ok(whole.freeze())
}

/// A large document on its way. The mutex is never locked: it lends the stream its `Sync`.
struct Streamed<S> {
    chunks: Mutex<S>,
    left: u64,
}

/// The document could not be read to its end: our fault, not the receiver's.
#[derive(Debug)]
pub(crate) struct DocumentLost(pub(crate) Mutex<Option<PortError>>);

impl fmt::Display for DocumentLost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the document could not be read to its end")
    }
}

impl Error for DocumentLost {}

impl DocumentLost {
    fn new(error: PortError) -> Self {
        Self(Mutex::new(Some(error)))
    }

    pub(crate) fn take(&self) -> PortError {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
            .unwrap_or_else(|| PortError::new(PortErrorKind::Unavailable, "read a document"))
    }
}

impl<S: Stream<Item = Result<Bytes, PortError>> + Send + Unpin> Body for Streamed<S> {
    type Data = Bytes;
    type Error = DocumentLost;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, DocumentLost>>> {
        let this = self.get_mut();
        let chunks = this
            .chunks
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        match Pin::new(chunks).poll_next(context) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Some(Ok(chunk))) => {
                let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
                match this.left.checked_sub(length) {
                    Some(left) => {
                        this.left = left;
                        Poll::Ready(Some(Ok(Frame::data(chunk))))
                    }
                    None => Poll::Ready(Some(Err(lost()))),
                }
            }
            Poll::Ready(Some(Err(error))) => Poll::Ready(Some(Err(DocumentLost::new(error)))),
            Poll::Ready(None) if this.left > 0 => {
                this.left = 0;
                Poll::Ready(Some(Err(lost())))
            }
            Poll::Ready(None) => Poll::Ready(None),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

fn lost() -> DocumentLost {
    DocumentLost::new(PortError::new(
        PortErrorKind::Corrupt,
        "read a document: its length changed while it was read",
    ))
}
