//! Receivers that let go of connections, answer before they are asked, or send elsewhere.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use serde_json::Value;
use uuid::Uuid;

use crate::support::{code, directory, document, rows, stderr, webhook_stage, workflow};

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// Hands each connection to `serve`, on a thread of its own.
fn listening(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    std::thread::spawn(move || {
        while let Ok((stream, _)) = listener.accept() {
            let serve = Arc::clone(&serve);
            std::thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Reads one request to its end; false when there is none.
fn read_request(reader: &mut BufReader<TcpStream>) -> bool {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return false;
        }
        if line == "\r\n" {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
    }
    reader.read_exact(&mut vec![0; length]).is_ok()
}

/// Answers the first request of each connection. The second it reads and hangs up: to the caller this looks
/// as if the receiver had closed the connection while the call was on its way.
fn one_answer_a_connection(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    if read_request(&mut reader) && stream.write_all(OK).is_ok() {
        read_request(&mut reader);
    }
}

fn thirty_documents(directory: &Path) -> PathBuf {
    let documents = directory.join("documents");
    std::fs::create_dir(&documents).unwrap();
    for n in 0..30 {
        let id = Uuid::from_u128(n).to_string();
        let path = documents.join(format!("{n:02}.json"));
        std::fs::write(path, document(&format!("{n}.jpg"), &id)).unwrap();
    }
    documents
}

/// Sends thirty files, one after the other, to a receiver that answers once on each connection.
fn sent(change: impl Fn(&mut Value)) -> Output {
    let directory = directory();
    let url = format!("http://{}/hook", listening(one_answer_a_connection));
    let mut flow: Value =
        serde_json::from_str(&workflow(&url, &[("Hook", Some("Next"), None)])).unwrap();
    change(&mut flow["stages"][1]["config"]);
    let path = directory.path().join("w.json");
    std::fs::write(&path, flow.to_string()).unwrap();
    let documents = thirty_documents(directory.path());
    webhook_stage()
        .args(["run", "--json", "--concurrency", "1", "--workflow"])
        .arg(&path)
        .arg("--documents")
        .arg(&documents)
        .arg("--state")
        .arg(directory.path().join("state"))
        .args(["--allow-network", "127.0.0.0/8"])
        .output()
        .unwrap()
}

fn attempts(output: &Output) -> Vec<u64> {
    let rows = rows(output);
    assert_eq!(rows.len(), 30, "{}", stderr(output));
    assert!(rows.iter().all(|row| row["outcome"] == "succeeded"));
    rows.iter()
        .map(|row| row["attempts"].as_u64().unwrap())
        .collect()
}

/// Each of them has one call only, which must not be lost to a connection that another file left behind.
#[test]
fn a_stage_with_one_call_does_not_pay_for_connections_that_were_let_go() {
    type Change = fn(&mut Value);
    let never: [Change; 2] = [
        |config| config["retry_if_fails"] = false.into(),
        |config| {
            config["retry_delays"] = Value::Null;
            config["max_retries"] = 0.into();
        },
    ];
    for change in never {
        let output = sent(change);
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert_eq!(attempts(&output), [1; 30]);
    }
}

/// The first file that meets such a connection is called again, on another one; the rest never meet it.
#[test]
fn with_retries_one_file_pays_and_no_other() {
    let output = sent(|_| {});
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let mut attempts = attempts(&output);
    attempts.sort_unstable();
    assert_eq!(attempts.pop(), Some(2));
    assert_eq!(attempts, [1; 29]);
}

fn ping(address: SocketAddr) -> Output {
    let url = format!("http://{address}/hook?token=planted");
    webhook_stage()
        .args(["ping", "--url", &url, "--allow-network", "127.0.0.0/8"])
        .output()
        .unwrap()
}

#[test]
fn ping_takes_an_answer_that_is_sent_on_accept() {
    let address = listening(|mut stream| {
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok")
            .unwrap();
        read_request(&mut BufReader::new(stream));
    });
    // Whether the request is sent before the answer is noticed is a race. A call enters it 20 times; on a busy machine it may
    // lose them all, so one ping of five may.
    let outputs: Vec<Output> = (0..5).map(|_| ping(address)).collect();
    let told: Vec<_> = outputs
        .iter()
        .map(|output| String::from_utf8_lossy(&output.stdout))
        .collect();
    let taken = outputs.iter().filter(|output| code(output) == 0).count();
    assert!(taken >= 4, "{told:?}");
}

#[test]
fn ping_and_status_tell_where_a_redirect_leads() {
    let address = listening(|mut stream| {
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let moved =
            b"HTTP/1.1 307 X\r\nlocation: /hook/?token=planted\r\ncontent-length: 0\r\n\r\n";
        while read_request(&mut reader) && stream.write_all(moved).is_ok() {}
    });
    let output = ping(address);
    assert_eq!(code(&output), 2);
    let told = String::from_utf8(output.stdout).unwrap();
    let leads = format!("redirects to http://{address}/hook/\n");
    assert!(told.contains(&leads) && !told.contains("planted"), "{told}");

    let directory = directory();
    let url = format!("http://{address}/hook");
    let path = directory.path().join("w.json");
    std::fs::write(&path, workflow(&url, &[("Hook", Some("Next"), None)])).unwrap();
    let id = Uuid::from_u128(1).to_string();
    let file = directory.path().join("d.json");
    std::fs::write(&file, document("d", &id)).unwrap();
    let state = directory.path().join("state");
    let sent = webhook_stage()
        .args(["run", "--json", "--workflow"])
        .arg(&path)
        .arg("--documents")
        .arg(&file)
        .arg("--state")
        .arg(&state)
        .args(["--allow-network", "127.0.0.0/8"])
        .output()
        .unwrap();
    assert_eq!(code(&sent), 2, "{}", stderr(&sent));
    let status = webhook_stage()
        .args(["status", "--item", &id, "--state"])
        .arg(&state)
        .output()
        .unwrap();
    let told = String::from_utf8(status.stdout).unwrap();
    assert!(
        told.contains(leads.trim()) && !told.contains("planted"),
        "{told}"
    );
}
