use delivery::ports::{DocumentError, Documents};
use delivery::{Document, DocumentReader, DocumentRef, FileKey, Reason};
use futures_util::StreamExt;
use serde_json::value::RawValue;

use super::key;

/// What was stored comes back to the byte, whole or in chunks, as often as it is asked for.
pub async fn documents<D: Documents>(store: &D, put: impl AsyncFn(&FileKey, Vec<u8>)) {
    match store.open(&key(), None).await {
        Err(DocumentError::Reason(Reason::DocumentMissing)) => {}
        other => panic!("a document that was never stored: {:?}", other.is_ok()),
    }
    let small = b"\xef\xbb\xbf{\"a\": 1}\n\n".to_vec();
    let large = [&b"{\"x\": \""[..], &vec![b'y'; 3 * 1024 * 1024], b"\"}\n"].concat();
    for content in [small, large, Vec::new()] {
        let key = key();
        put(&key, content.clone()).await;
        for _ in 0..2 {
            let opened = store.open(&key, None).await;
            assert!(read(opened).await == content, "{} bytes", content.len());
        }
        put(&key, b"{}".to_vec()).await;
        assert_eq!(
            read(store.open(&key, None).await).await,
            b"{}",
            "the newer takes its place"
        );
    }
    let key = key();
    let inline = DocumentRef::Inline(RawValue::from_string("{ \"in\":  1.0 }".to_owned()).unwrap());
    let opened = store.open(&key, Some(&inline)).await;
    assert_eq!(read(opened).await, b"{ \"in\":  1.0 }");
    store.keep(&key, &inline).await.unwrap();
    assert_eq!(
        read(store.open(&key, None).await).await,
        b"{ \"in\":  1.0 }"
    );
}

async fn read<R: DocumentReader>(opened: Result<Document<R>, DocumentError>) -> Vec<u8> {
    match opened {
        Ok(Document::Bytes(bytes)) => bytes.to_vec(),
        Ok(Document::Large(reader)) => {
            let mut whole = Vec::new();
            let mut stream = reader.stream().await.unwrap();
            while let Some(chunk) = stream.next().await {
                whole.extend_from_slice(&chunk.unwrap());
            }
            assert_eq!(reader.length(), u64::try_from(whole.len()).unwrap());
            whole
        }
        Err(error) => panic!("{error:?}"),
    }
}
