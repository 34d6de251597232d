//! Which connections are used again, and which are not.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use delivery::Reason;
use delivery::ports::Call;
use tokio::io::AsyncWriteExt;
use tokio::time::sleep;
use webhook::WebhookCaller;

use crate::support::{Reader, Receiver, answer, call, caller, read_request};

/// Answers 200 with `headers` to any number of requests on a connection.
async fn announcing(headers: &'static str) -> Receiver {
    Receiver::start(move |mut stream| async move {
        loop {
            read_request(&mut stream).await?;
            let head = format!("HTTP/1.1 200 OK\r\n{headers}content-length: 0\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
        }
    })
    .await
}

/// Answers the first request of each connection, and hangs up on the second when it has read it: what a
/// caller sees of a receiver that closed the connection while the call was on its way.
async fn hanging_up() -> (Receiver, Arc<Mutex<usize>>) {
    let lost = Arc::new(Mutex::new(0));
    let count = Arc::clone(&lost);
    let receiver = Receiver::start(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            read_request(&mut stream).await?;
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(head).await?;
            read_request(&mut stream).await?;
            *count.lock().unwrap() += 1;
            Ok(())
        }
    })
    .await;
    (receiver, lost)
}

async fn calls(caller: &WebhookCaller, receiver: &Receiver, count: usize) {
    for _ in 0..count {
        let answer = answer(caller, call(receiver.url())).await;
        assert_eq!(answer.result, Ok(200));
    }
}

fn fresh(receiver: &Receiver) -> Call<Reader> {
    Call {
        fresh_connection: true,
        ..call(receiver.url())
    }
}

#[tokio::test]
async fn they_are_used_again_but_not_by_calls_that_want_a_fresh_one() {
    let receiver = announcing("").await;
    let caller = caller();
    calls(&caller, &receiver, 5).await;
    assert_eq!(receiver.accepted(), 1);
    for n in 2..5 {
        assert_eq!(answer(&caller, fresh(&receiver)).await.result, Ok(200));
        assert_eq!(receiver.accepted(), n);
    }
    calls(&caller, &receiver, 5).await;
    assert_eq!(receiver.accepted(), 4);
}

#[tokio::test]
async fn a_fresh_connection_never_meets_one_that_was_let_go() {
    let (receiver, lost) = hanging_up().await;
    let caller = caller();
    for _ in 0..10 {
        assert_eq!(answer(&caller, fresh(&receiver)).await.result, Ok(200));
    }
    assert_eq!(*lost.lock().unwrap(), 0);
}

/// The receiver may have taken the file before it hung up, so the call is not repeated: whether to call
/// again is the delivery's decision, with an attempt of its own. The other files do not pay for it again.
#[tokio::test]
async fn a_call_lost_on_a_used_connection_is_not_repeated_and_is_the_only_one() {
    let (receiver, lost) = hanging_up().await;
    let caller = caller();
    calls(&caller, &receiver, 1).await;
    let second = answer(&caller, call(receiver.url())).await;
    assert_eq!(second.result, Err(Reason::ConnectionClosed));
    assert_eq!((receiver.accepted(), *lost.lock().unwrap()), (1, 1));
    calls(&caller, &receiver, 10).await;
    assert_eq!((receiver.accepted(), *lost.lock().unwrap()), (11, 1));
    // Nobody else's connections are touched.
    let other = announcing("").await;
    calls(&caller, &other, 5).await;
    assert_eq!(other.accepted(), 1);
}

#[tokio::test]
async fn an_announced_timeout_is_honoured() {
    // Long enough, and too short to be used at all.
    for (headers, connections) in [
        ("Keep-Alive: timeout=5, max=100\r\n", 1),
        ("Keep-Alive: max=100\r\n", 1),
        ("keep-alive: timeout=1\r\n", 6),
        ("Keep-Alive: timeout=5\r\nKeep-Alive: timeout=0\r\n", 6),
    ] {
        let receiver = announcing(headers).await;
        calls(&caller(), &receiver, 6).await;
        assert_eq!(receiver.accepted(), connections, "{headers}");
    }
    // In between: used again at once, but not after most of the time.
    let receiver = announcing("Keep-Alive: timeout=2\r\n").await;
    let caller = caller();
    calls(&caller, &receiver, 6).await;
    let before = receiver.accepted();
    assert!(before <= 2, "{before} connections");
    sleep(Duration::from_millis(1100)).await;
    calls(&caller, &receiver, 1).await;
    assert_eq!(receiver.accepted(), before + 1);
}
