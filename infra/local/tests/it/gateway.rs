//! The example receiver's server: how it ends, and what it outlasts.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Stdio;
use std::time::Duration;

use crate::support::{Endpoint, TOKEN, document, in_shell, webhook_stage};

/// Sends the head of a call, up to where the server asks for the body.
fn begin(address: SocketAddr, length: usize) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .unwrap();
    write!(
        stream,
        "POST / HTTP/1.1\r\nhost: x\r\nauthorization: {TOKEN}\r\nwebhook-id: 1\r\n\
         expect: 100-continue\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    )
    .unwrap();
    let mut line = [0; 25];
    stream.read_exact(&mut line).unwrap();
    assert_eq!(&line, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream
}

fn end(mut stream: TcpStream, body: &str) -> String {
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_request_under_way_is_answered_when_the_server_ends() {
    let endpoint = Endpoint::start("200");
    let body = document("d", &uuid::Uuid::from_u128(1).to_string());
    let stream = begin(endpoint.address, body.len());
    let ended = std::thread::spawn(move || drop(endpoint));
    // It has been told to end by now, or is told while it answers: both are to be survived.
    std::thread::sleep(Duration::from_millis(100));
    assert!(end(stream, &body).starts_with("HTTP/1.1 200"));
    ended.join().unwrap();
}

#[test]
fn more_connections_than_open_files_do_not_end_the_receiver() {
    let mut command = webhook_stage();
    command.args(["receive", "--listen", "127.0.0.1:0"]);
    command.args(["--token-env", "TEST_TOKEN"]);
    let mut child = in_shell("ulimit -n 30;", &command)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut said = BufReader::new(child.stderr.take().unwrap());
    said.read_line(&mut line).unwrap();
    let address = line.split("http://").nth(1).unwrap();
    let address: SocketAddr = address.split(';').next().unwrap().parse().unwrap();
    let too_many: Vec<_> = (0..60)
        .map(|_| TcpStream::connect(address).unwrap())
        .collect();
    // Long enough for the server to run out of what it may open.
    std::thread::sleep(Duration::from_millis(300));
    drop(too_many);
    let body = document("d", &uuid::Uuid::from_u128(1).to_string());
    let answer = end(begin(address, body.len()), &body);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
