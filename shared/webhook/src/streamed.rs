use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use delivery::ports::{PortError, PortErrorKind};
use futures_util::Stream;
use http_body::{Body, Frame, SizeHint};

use crate::strip_annotations::Cutter;

/// Tells the cause after a deadline has passed: it is internal if the body was waiting for its document.
#[derive(Debug, Default)]
pub(crate) struct Starved(AtomicBool);

impl Starved {
    pub(crate) fn is_starved(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A large document that is being sent. The mutex is never locked; it only makes the stream `Sync`.
pub(crate) struct Streamed<S> {
    chunks: Mutex<S>,
    left: u64,
    cutter: Option<Cutter>,
    starved: Arc<Starved>,
}

impl<S> Streamed<S> {
    /// A body of exactly `length` bytes, which are the chunks, or with a cutter what that keeps of them.
    pub(crate) fn new(chunks: S, length: u64, cutter: Option<Cutter>) -> Self {
        Self {
            chunks: Mutex::new(chunks),
            left: length,
            cutter,
            starved: Arc::default(),
        }
    }

    pub(crate) fn starved(&self) -> Arc<Starved> {
        Arc::clone(&self.starved)
    }

    /// The part of a chunk that is sent. The document was checked before, so if it is not valid now it has changed.
    fn pass(&mut self, chunk: Bytes) -> Result<Bytes, DocumentLost> {
        let chunk = match &mut self.cutter {
            None => chunk,
            Some(cutter) => {
                let mut kept = Vec::new();
                cutter.feed(&chunk, &mut kept).map_err(|_| lost())?;
                kept.into()
            }
        };
        let length = u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(length).ok_or_else(lost)?;
        Ok(chunk)
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
        loop {
            let chunks = this
                .chunks
                .get_mut()
                .unwrap_or_else(PoisonError::into_inner);
            let polled = Pin::new(chunks).poll_next(context);
            this.starved.0.store(polled.is_pending(), Ordering::Relaxed);
            match ready!(polled) {
                Some(Ok(chunk)) => match this.pass(chunk) {
                    Ok(chunk) if chunk.is_empty() => {}
                    Ok(chunk) => return Poll::Ready(Some(Ok(Frame::data(chunk)))),
                    Err(error) => return Poll::Ready(Some(Err(error))),
                },
                Some(Err(error)) => return Poll::Ready(Some(Err(DocumentLost::new(error)))),
                None if this.left > 0 => {
                    this.left = 0;
                    return Poll::Ready(Some(Err(lost())));
                }
                None => return Poll::Ready(None),
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// The document could not be read to its end, which is an internal error and not the receiver's.
#[derive(Debug)]
pub(crate) struct DocumentLost(Mutex<Option<PortError>>);

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

fn lost() -> DocumentLost {
    DocumentLost::new(PortError::new(
        PortErrorKind::Corrupt,
        "read a document: it changed while it was read",
    ))
}
