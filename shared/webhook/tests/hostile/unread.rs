//! Receivers that do not read what they are sent, or are not there.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{Names, Reader, Receiver, answer, call, caller, config, read_head, short};
use bytes::Bytes;
use delivery::ports::Call;
use delivery::{Document, Reason};
use futures_util::future::pending;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;
use webhook::WebhookCaller;

use crate::HANG;

fn fifty_megabytes(call: Call<Reader>) -> Call<Reader> {
    let parts = vec![
        (Bytes::from_static(br#"{"item":{},"annotations":""#), 1),
        (Bytes::from(vec![b'a'; 64 * 1024]), 800),
        (Bytes::from_static(br#""}"#), 1),
    ];
    Call {
        document: Document::Large(Reader {
            parts,
            ..Reader::default()
        }),
        ..call
    }
}

#[tokio::test]
async fn an_answer_before_the_body_was_read() {
    let polite = Receiver::start(|mut stream| async move {
        read_head(&mut stream).await?;
        stream
            .write_all(
                b"HTTP/1.1 413 Too Large\r\ncontent-length: 3\r\nconnection: close\r\n\r\nbig",
            )
            .await?;
        pending().await
    })
    .await;
    let call = fifty_megabytes(call(polite.url()));
    let answer = timeout(HANG, answer(&caller(), call)).await.unwrap();
    assert_eq!(answer.result, Ok(413));
    assert_eq!(answer.response_excerpt, "big");
    assert_eq!(answer.request_bytes, 800 * 64 * 1024 + 28);
}

#[tokio::test]
async fn an_answer_and_a_reset_before_the_body_was_read() {
    let rude = Receiver::start(|mut stream| async move {
        read_head(&mut stream).await?;
        stream
            .write_all(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
            .await?;
        // Unread data turns this into a reset, which may overtake the answer.
        drop(stream);
        Ok(())
    })
    .await;
    let call = fifty_megabytes(call(rude.url()));
    let answer = timeout(HANG, answer(&caller(), call)).await.unwrap();
    assert!(
        matches!(answer.result, Ok(413) | Err(Reason::ConnectionClosed)),
        "{answer:?}"
    );
}

#[tokio::test]
async fn a_receiver_that_does_not_read() {
    let deaf = Receiver::start(|mut stream| async move {
        read_head(&mut stream).await?;
        pending().await
    })
    .await;
    let call = fifty_megabytes(short(deaf.url()));
    let answer = timeout(HANG, answer(&caller(), call)).await.unwrap();
    assert_eq!(answer.result, Err(Reason::Timeout));
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(
        answer(&caller(), short(url)).await.result,
        Err(Reason::Connect)
    );
}

/// A listener whose queue is full: the kernel answers no more connections.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_slow_accept() {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(connection) =
        timeout(Duration::from_millis(500), TcpStream::connect(address)).await
    {
        waiting.push(connection.unwrap());
    }
    let mut config = config(Arc::new(Names::default()), &["127.0.0.0/8"]);
    config.connect_timeout = Duration::from_millis(300);
    let caller = WebhookCaller::new(config).unwrap();
    let answer = answer(&caller, call(format!("http://{address}/"))).await;
    assert_eq!(answer.result, Err(Reason::ConnectTimeout));
}
