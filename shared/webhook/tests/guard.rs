//! No forbidden address is ever connected to: by literal, by name, by a changing name, by redirect.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::sync::Arc;

use delivery::Reason;
use support::{Names, Receiver, answer, call, caller, config};
use tokio::net::TcpListener;
use webhook::WebhookCaller;
use webhook::guard::SystemLookup;

const FORBIDDEN: &[&str] = &[
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.100.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.0.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:8.8.8.8",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::169.254.169.254",
    "64:ff9b:1::127.0.0.1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:80ff:fffe",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "2a00::5efe:7f00:1",
    "2a00::200:5efe:a9fe:a9fe",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::5efe:7f00:1",
    "fec0::1",
    "ff02::1",
];

fn literal(address: &str) -> String {
    if address.contains(':') {
        format!("[{address}]")
    } else {
        address.to_owned()
    }
}

/// A receiver on loopback that must not be reached.
async fn trap() -> Receiver {
    Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await
}

#[tokio::test]
async fn the_trap_works() {
    let trap = trap().await;
    assert_eq!(answer(&caller(), call(trap.url())).await.result, Ok(200));
    assert_eq!(trap.accepted(), 1);
}

#[tokio::test]
async fn no_literal_is_connected_to() {
    let trap = trap().await;
    let names = Names::answering(&[&["127.0.0.1"]]);
    let caller = WebhookCaller::new(config(names.clone(), &[])).unwrap();
    let port = trap.address.port();
    for scheme in ["http", "https"] {
        for address in FORBIDDEN {
            let url = format!("{scheme}://{}:{port}/", literal(address));
            let answer = answer(&caller, call(url)).await;
            assert_eq!(answer.result, Err(Reason::ForbiddenAddress), "{address}");
            assert_eq!(answer.request_bytes, 0);
        }
    }
    assert_eq!((trap.accepted(), names.asked()), (0, 0));
}

#[tokio::test]
async fn no_odd_spelling_is_connected_to() {
    let trap = trap().await;
    let names = Names::answering(&[&["127.0.0.1"]]);
    let caller = WebhookCaller::new(config(names.clone(), &[])).unwrap();
    let port = trap.address.port();
    for host in [
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "017700000001",
        "127.0.0.1.",
        "%31%32%37.1",
        "１２７.0.0.1",
        "127。0。0。1",
        "0",
        "[::ffff:7f00:1]",
    ] {
        let answer = answer(&caller, call(format!("http://{host}:{port}/"))).await;
        assert_eq!(answer.result, Err(Reason::ForbiddenAddress), "{host}");
    }
    for host in [
        "user@127.0.0.1",
        "example.com@127.0.0.1",
        "user:pass@example.com",
        "[fe80::1%25lo]",
        "[::1%lo]",
        "",
    ] {
        let answer = answer(&caller, call(format!("http://{host}:{port}/"))).await;
        assert_eq!(answer.result, Err(Reason::InvalidUrl), "{host}");
    }
    for url in [
        "ftp://127.0.0.1/",
        "file:///etc/passwd",
        "unix:/run/x",
        "127.0.0.1",
        "",
    ] {
        let answer = answer(&caller, call(url)).await;
        assert_eq!(answer.result, Err(Reason::InvalidUrl), "{url}");
    }
    assert_eq!((trap.accepted(), names.asked()), (0, 0));
}

#[tokio::test]
async fn no_resolvers_answer_is_connected_to() {
    let trap = trap().await;
    for host in ["receiver.test", "receiver.test.", "localhost", "metadata"] {
        for address in FORBIDDEN {
            let names = Names::answering(&[&[address]]);
            let caller = WebhookCaller::new(config(names.clone(), &[])).unwrap();
            let url = format!("http://{host}:{}/", trap.address.port());
            let answer = answer(&caller, call(url)).await;
            assert_eq!(answer.result, Err(Reason::ForbiddenAddress), "{address}");
            assert_eq!(names.asked(), 1);
        }
    }
    assert_eq!(trap.accepted(), 0);
}

#[tokio::test]
async fn one_forbidden_answer_among_good_ones_refuses_all() {
    let trap = trap().await;
    for answers in [
        ["1.1.1.1", "127.0.0.1"],
        ["127.0.0.1", "1.1.1.1"],
        ["2606:4700::1111", "::1"],
        ["127.0.0.1", "2606:4700::1111"],
        ["1.1.1.1", "64:ff9b::7f00:1"],
    ] {
        let names = Names::answering(&[&answers]);
        let caller = WebhookCaller::new(config(names.clone(), &[])).unwrap();
        let url = format!("http://receiver.test:{}/", trap.address.port());
        let answer = answer(&caller, call(url)).await;
        assert_eq!(answer.result, Err(Reason::ForbiddenAddress), "{answers:?}");
    }
    assert_eq!(trap.accepted(), 0);
}

/// Two listeners on one port of two loopback addresses: the first allowed, the second a trap.
async fn good_and_trap() -> (Receiver, Receiver) {
    let ok = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let serve = move |mut stream: tokio::net::TcpStream| async move {
        support::read_request(&mut stream).await?;
        tokio::io::AsyncWriteExt::write_all(&mut stream, ok).await
    };
    loop {
        let good = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let port = good.local_addr().unwrap().port();
        // The port may be taken there: another one, then.
        if let Ok(trap) = TcpListener::bind(("127.0.0.1", port)).await {
            return (Receiver::on(good, serve), Receiver::on(trap, serve));
        }
    }
}

#[tokio::test]
async fn a_name_that_moves_inside_is_refused_at_its_next_call() {
    let (good, trap) = good_and_trap().await;
    let names = Names::answering(&[&["127.0.0.2"], &["127.0.0.1"]]);
    let caller = WebhookCaller::new(config(names.clone(), &["127.0.0.2/32"])).unwrap();
    let url = format!("http://receiver.test:{}/", good.address.port());
    assert_eq!(answer(&caller, call(&url)).await.result, Ok(200));
    // One look-up a connection: there is no second one that could have another answer.
    assert_eq!(names.asked(), 1);
    let refused = answer(&caller, call(&url)).await;
    assert_eq!(refused.result, Err(Reason::ForbiddenAddress));
    assert_eq!(
        refused.detail.as_deref(),
        Some("127.0.0.1 may not be called: loopback")
    );
    assert_eq!((names.asked(), good.accepted(), trap.accepted()), (2, 1, 0));
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let (good, trap) = good_and_trap().await;
    drop(good);
    for status in [300, 301, 302, 303, 307, 308] {
        for target in [
            trap.url(),
            format!("//127.0.0.1:{}/", trap.address.port()),
            "/again".to_owned(),
        ] {
            let redirect = format!(
                "HTTP/1.1 {status} Moved\r\nlocation: {target}\r\nrefresh: 0; url={target}\r\ncontent-length: 0\r\n\r\n"
            );
            let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
            let receiver = Receiver::on(listener, move |mut stream| {
                let redirect = redirect.clone();
                async move {
                    support::read_request(&mut stream).await?;
                    tokio::io::AsyncWriteExt::write_all(&mut stream, redirect.as_bytes()).await
                }
            });
            let caller =
                WebhookCaller::new(config(Arc::new(Names::default()), &["127.0.0.2/32"])).unwrap();
            let answer = answer(&caller, call(receiver.url())).await;
            assert_eq!(answer.result, Ok(status));
            assert_eq!(receiver.accepted(), 1);
        }
    }
    assert_eq!(trap.accepted(), 0);
}

#[tokio::test]
async fn the_systems_resolver_is_guarded_too() {
    let trap = trap().await;
    let url = format!("http://localhost:{}/", trap.address.port());
    let guarded = WebhookCaller::new(config(Arc::new(SystemLookup), &[])).unwrap();
    assert_eq!(
        answer(&guarded, call(&url)).await.result,
        Err(Reason::ForbiddenAddress)
    );
    assert_eq!(trap.accepted(), 0);
    let open = config(Arc::new(SystemLookup), &["127.0.0.0/8", "::1/128"]);
    let open = WebhookCaller::new(open).unwrap();
    assert_eq!(answer(&open, call(&url)).await.result, Ok(200));
}
