use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use delivery::ports::{Call, Presign};
use delivery::{Document, DocumentReader};
use futures_util::StreamExt;
use tokio::sync::Semaphore;

use crate::access;
use crate::failed::Failed;
use crate::head::{Head, Spliced};
use crate::payload::metadata_only;
use crate::presign;
use crate::scan::Scanner;
use crate::streamed::{Starved, Streamed};
use crate::strip_annotations::Cutter;
use crate::sums::{Sums, Totals};
use crate::templates;

/// The largest body that is kept in memory when a large document is sent without annotations: 1 MiB. For a larger
/// one the document is read twice instead.
const IN_MEMORY: usize = 1024 * 1024;

/// The body of a call, and its length in bytes.
pub(crate) struct Prepared {
    pub(crate) body: reqwest::Body,
    pub(crate) length: u64,
    pub(crate) totals: Totals,
    /// Whether the body is currently waiting for the document's reader; a body in memory never is.
    pub(crate) starved: Arc<Starved>,
}

/// Makes the body, signs it, and hashes it if the stage's authorization needs that. Only small documents are held in
/// memory. A large one is read several times if needed: its beginning for the URLs in it, then all of it for the
/// signature, which is sent before the body, and again for the body.
///
/// A large document that is sent whole is not checked: its content is its owner's concern, and a check would
/// read it once more.
///
/// `held` has one permit, for the call that holds a large document in memory because it signs it with an Ed25519 key.
pub(crate) async fn prepare<R: DocumentReader, P: Presign>(
    call: &Call<R>,
    presign: &P,
    held: &Semaphore,
) -> Result<Prepared, Failed> {
    let sums = Sums::new(call, access::sigv4(call).is_some())?;
    if let Some(body) = &call.config.body {
        // What most calls do not need is boxed, so that their future is small.
        let made = Box::pin(templates::body(call, body, presign)).await?;
        return whole(made, sums, presign, None).await;
    }
    let expiry = call.config.presigned_url_expiry;
    match &call.document {
        Document::Bytes(bytes) if call.config.include_annotations => {
            Scanner::check(bytes)?;
            whole(bytes.clone(), sums, presign, expiry).await
        }
        Document::Bytes(bytes) => whole(metadata_only(bytes)?, sums, presign, expiry).await,
        Document::Large(reader) => {
            let is_whole = call.config.include_annotations;
            Box::pin(large(reader, is_whole, sums, presign, expiry, held)).await
        }
    }
}

async fn large<R: DocumentReader, P: Presign>(
    reader: &R,
    is_whole: bool,
    sums: Sums,
    presign: &P,
    expiry: Option<Duration>,
    held: &Semaphore,
) -> Result<Prepared, Failed> {
    let head = match expiry {
        Some(expiry) => Head::presigned(reader, presign, expiry).await?,
        None => None,
    };
    // Given back with the signature, before the body is sent.
    let _permit = match sums.holds_body() {
        true => held.acquire().await.ok(),
        false => None,
    };
    if is_whole {
        return untouched(reader, head.as_ref(), sums).await;
    }
    match measure(reader, head.as_ref(), sums).await? {
        // A document whose `item` comes late is signed here.
        Measured::Small(bytes, sums) => whole(bytes, *sums, presign, expiry).await,
        Measured::Large(length, totals) => {
            let chunks = Spliced::new(reader.stream().await?, head.as_ref());
            let body = Streamed::new(chunks, length, Some(Cutter::new()));
            Ok(streamed(body, length, totals))
        }
    }
}

async fn whole<P: Presign>(
    bytes: Bytes,
    mut sums: Sums,
    presign: &P,
    expiry: Option<Duration>,
) -> Result<Prepared, Failed> {
    let bytes = match expiry {
        Some(expiry) => Box::pin(presign::replace(bytes, presign, expiry)).await?,
        None => bytes,
    };
    sums.update(&bytes)?;
    Ok(Prepared {
        length: length_of(&bytes),
        body: bytes.into(),
        totals: sums.finish(),
        starved: Arc::default(),
    })
}

async fn untouched<R: DocumentReader>(
    reader: &R,
    head: Option<&Head>,
    mut sums: Sums,
) -> Result<Prepared, Failed> {
    if sums.need_body() {
        let mut chunks = Spliced::new(reader.stream().await?, head);
        while let Some(chunk) = chunks.next().await {
            sums.update(&chunk?)?;
        }
    }
    let length = reader.length();
    let length = head.map_or(length, |head| head.length(length));
    let chunks = Spliced::new(reader.stream().await?, head);
    Ok(streamed(
        Streamed::new(chunks, length, None),
        length,
        sums.finish(),
    ))
}

fn streamed<S>(body: Streamed<S>, length: u64, totals: Totals) -> Prepared
where
    Streamed<S>: http_body::Body<Data = Bytes> + Send + Sync + 'static,
    <Streamed<S> as http_body::Body>::Error: std::error::Error + Send + Sync,
{
    Prepared {
        starved: body.starved(),
        body: reqwest::Body::wrap(body),
        length,
        totals,
    }
}

/// A large document without its annotations, which is mostly small.
enum Measured {
    Small(Bytes, Box<Sums>),
    Large(u64, Totals),
}

async fn measure<R: DocumentReader>(
    reader: &R,
    head: Option<&Head>,
    mut sums: Sums,
) -> Result<Measured, Failed> {
    let mut cutter = Cutter::new();
    let mut kept = Vec::new();
    let mut gone: u64 = 0;
    let mut chunks = Spliced::new(reader.stream().await?, head);
    while let Some(chunk) = chunks.next().await {
        cutter.feed(&chunk?, &mut kept)?;
        if kept.len() > IN_MEMORY {
            sums.update(&kept)?;
            gone += length_of(&kept);
            kept.clear();
        }
    }
    cutter.finish()?;
    if gone == 0 {
        return Ok(Measured::Small(kept.into(), Box::new(sums)));
    }
    sums.update(&kept)?;
    Ok(Measured::Large(gone + length_of(&kept), sums.finish()))
}

fn length_of(bytes: &[u8]) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
