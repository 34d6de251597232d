//! Receivers that send something before there is a request.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::mpsc;
use std::time::Duration;

use delivery::{Answer, Reason};
use tokio::task::yield_now;

use crate::support::{answer, call, caller};

/// A receiver that is faster than any request: it has a thread of its own, while the caller's thread, which
/// looks for what came in after each step, sleeps between them. Gives the answer and what arrived.
fn late_for(greeting: &'static str) -> (Answer, Vec<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (sender, arrived) = mpsc::channel();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            stream.write_all(greeting.as_bytes()).unwrap();
            let mut read = Vec::new();
            let _ = stream.read_to_end(&mut read);
            sender.send(read).unwrap();
        }
    });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .event_interval(1)
        .build()
        .unwrap();
    let answer = runtime.block_on(async {
        tokio::spawn(async {
            loop {
                std::thread::sleep(Duration::from_millis(20));
                yield_now().await;
            }
        });
        answer(&caller(), call(url)).await
    });
    drop(runtime);
    (answer, arrived.try_iter().collect())
}

#[test]
fn a_receiver_that_always_speaks_first_is_told_as_that_and_sent_nothing() {
    for greeting in ["220 mail.example ESMTP\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        let (answer, arrived) = late_for(greeting);
        assert_eq!(answer.result, Err(Reason::InvalidResponse));
        let detail = "the receiver sends something before it is asked, so it was sent nothing";
        assert_eq!(answer.detail.as_deref(), Some(detail));
        assert_eq!(answer.request_bytes, 0);
        assert!(arrived.len() > 1, "no second beginning");
        assert!(arrived.iter().all(Vec::is_empty), "{arrived:?}");
    }
}
