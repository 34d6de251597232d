use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::{Client, config};

use super::*;

fn credentials() -> Credentials {
    Credentials::new("id", "key", None, None, "test")
}

/// Answers all requests on a connection, but closes the first `closed` connections instead.
fn server(closed: usize) -> (SdkConfig, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let number = counted.fetch_add(1, Ordering::SeqCst);
            std::thread::spawn(move || answer(stream.unwrap(), number >= closed));
        }
    });
    let config = shared(credentials(), "eu-central-1".to_owned()).unwrap();
    let config = config.endpoint_url(format!("http://{address}")).build();
    (config, connections)
}

fn answer(mut stream: TcpStream, answers: bool) {
    let mut request = [0; 16 * 1024];
    while stream.read(&mut request).is_ok_and(|read| read > 0) && answers {
        let said = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}";
        stream.write_all(said.as_bytes()).unwrap();
    }
}

async fn get(client: &Client) -> Result<(), SdkError<impl std::error::Error + 'static>> {
    let key = AttributeValue::S("key".to_owned());
    let got = client.get_item().table_name("table").key("pk", key);
    got.send().await.map(|_| ())
}

#[tokio::test]
async fn all_clients_share_their_connections() {
    let (config, connections) = server(0);
    for _ in 0..3 {
        get(&Client::new(&config)).await.unwrap();
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_request_is_sent_again_when_its_connection_is_closed() {
    let (config, connections) = server(1);
    get(&Client::new(&config)).await.unwrap();
    assert_eq!(connections.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_refused_connection_is_an_error_of_the_network() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    for scheme in ["http", "https"] {
        let config = shared(credentials(), "eu-central-1".to_owned()).unwrap();
        let config = config.endpoint_url(format!("{scheme}://{address}"));
        let config = config::Builder::from(&config.build())
            .retry_config(config::retry::RetryConfig::disabled());
        match get(&Client::from_conf(config.build())).await {
            Err(SdkError::DispatchFailure(failure)) => assert!(failure.is_io(), "{failure:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn amazons_root_certificates_are_there() {
    let amazon = b"Amazon Root CA ";
    let roots = webpki_roots::TLS_SERVER_ROOTS;
    let found = roots.iter().filter(|root| {
        let subject: &[u8] = root.subject.as_ref();
        subject.windows(amazon.len()).any(|part| part == amazon)
    });
    assert_eq!(found.count(), 4);
}
