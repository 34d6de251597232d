//! Memory stays flat, whatever the document's or the answer's size. One test, because the peak is
//! the whole process's.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use delivery::Document;
use delivery::ports::Call;
use support::{Reader, Receiver, answer, call, caller, read_head};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use workflow::{StageSecrets, WebhookConfig};

/// Highest resident memory so far, in MiB.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024
}

/// Counts a body of any size without keeping it.
async fn counting() -> (Receiver, Arc<AtomicU64>) {
    let counted = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&counted);
    let receiver = Receiver::start(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            let head = read_head(&mut stream).await?;
            let mut left: usize = head.headers["content-length"].parse().unwrap();
            let mut buffer = vec![0; 64 * 1024];
            while left > 0 {
                let read = stream.read(&mut buffer).await?;
                assert_ne!(read, 0);
                left -= read;
                count.fetch_add(read as u64, Ordering::SeqCst);
            }
            stream
                .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                .await
        }
    })
    .await;
    (receiver, counted)
}

/// 25 MB of annotations and up to as much of metadata, of which next to nothing is in memory.
fn reader(metadata: usize) -> Reader {
    let numbers = Bytes::from(b",12345678901".repeat(5_000));
    Reader {
        parts: vec![
            (Bytes::from_static(b"{\"annotations\":[0"), 1),
            (numbers.clone(), 425),
            (Bytes::from_static(b"],\"item\":[0"), 1),
            (numbers, metadata),
            (Bytes::from_static(b"]}"), 1),
        ],
        ..Reader::default()
    }
}

#[tokio::test]
async fn memory_stays_flat() {
    let (receiver, counted) = counting().await;
    let caller = caller();
    let secrets = StageSecrets {
        authorization: None,
        signing_secrets: vec!["whsec_bWVtb3J5LXNpZ25pbmctc2VjcmV0LTI0".into()],
        ..StageSecrets::default()
    };
    // The client, its certificates and the first connection.
    answer(&caller, call(receiver.url())).await;
    let before = peak();

    for (include_annotations, metadata) in [(true, 425), (false, 425), (false, 0)] {
        counted.store(0, Ordering::SeqCst);
        let call = Call {
            document: Document::Large(reader(metadata)),
            config: WebhookConfig {
                include_annotations,
                ..WebhookConfig::new(receiver.url())
            },
            secrets: secrets.clone(),
            timeout: Duration::from_secs(300),
            ..call("")
        };
        let answer = answer(&caller, call).await;
        assert_eq!(answer.result, Ok(200));
        assert_eq!(answer.request_bytes, counted.load(Ordering::SeqCst));
        let expected = 60_000 * (metadata as u64 + if include_annotations { 425 } else { 0 });
        assert_eq!(answer.request_bytes / 60_000, expected / 60_000);
    }

    let endless = Receiver::start(|mut stream| async move {
        let _ = read_head(&mut stream).await?;
        stream
            .write_all(b"HTTP/1.1 500 X\r\ncontent-length: 1000000000\r\n\r\n")
            .await?;
        let zeros = vec![0; 64 * 1024];
        loop {
            stream.write_all(&zeros).await?;
        }
    })
    .await;
    let head = Receiver::start(|mut stream| async move {
        let _ = read_head(&mut stream).await?;
        stream.write_all(b"HTTP/1.1 500 X\r\nx: ").await?;
        let line = vec![b'y'; 64 * 1024];
        loop {
            stream.write_all(&line).await?;
        }
    })
    .await;
    for _ in 0..20 {
        assert_eq!(answer(&caller, call(endless.url())).await.result, Ok(500));
        assert!(answer(&caller, call(head.url())).await.result.is_err());
    }

    let grown = peak() - before;
    println!("peak memory grew by {grown} MiB over {before} MiB");
    assert!(grown < 16, "peak memory grew by {grown} MiB");
}
