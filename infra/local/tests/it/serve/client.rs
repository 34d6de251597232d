use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Makes requests of the API of team `t`, each on a connection of its own.
pub(super) struct Client {
    address: String,
    key: String,
}

impl Client {
    pub(super) fn new(address: &str, key: &str) -> Self {
        Self {
            address: address.to_owned(),
            key: key.to_owned(),
        }
    }

    pub(super) fn get(&self, path: &str) -> (u16, Value) {
        self.request("GET", path, "", "").unwrap()
    }

    pub(super) fn post(&self, path: &str, body: &str) -> (u16, Value) {
        self.request("POST", path, "", body).unwrap()
    }

    /// Fails when the server is gone before it has answered.
    pub(super) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> io::Result<(u16, Value)> {
        self.request_at(method, &format!("/api/v2/teams/t/{path}"), headers, body)
    }

    pub(super) fn request_at(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> io::Result<(u16, Value)> {
        let text = self.send(method, path, headers, body)?;
        let cut_off = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let (head, body) = text.split_once("\r\n\r\n").ok_or_else(cut_off)?;
        let status = head
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let body = serde_json::from_str(body).unwrap_or(Value::Null);
        Ok((status.ok_or_else(cut_off)?, body))
    }

    fn send(&self, method: &str, path: &str, headers: &str, body: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect(&self.address)?;
        let (key, length) = (&self.key, body.len());
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             authorization: ApiKey {key}\r\ncontent-type: application/json\r\n{headers}\
             content-length: {length}\r\n\r\n{body}"
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    }

    /// What the server says of itself.
    pub(super) fn about(&self, path: &str) -> String {
        self.send("GET", path, "", "").unwrap()
    }

    /// Waits until as many items have this status, as long as there is progress.
    pub(super) fn wait_for(&self, status: &str, items: u64) {
        let (mut moved, mut before) = (Instant::now(), Value::Null);
        loop {
            let asked = Instant::now();
            let (code, counts) = self.get("items/general_counts");
            assert_eq!(code, 200);
            if counts["statuses"][status] == items {
                return;
            }
            if counts != before {
                (moved, before) = (Instant::now(), counts);
            }
            assert!(moved.elapsed() < Duration::from_secs(60), "{before}");
            // To count many takes the server a while, in which it does nothing else.
            std::thread::sleep((asked.elapsed() * 10).max(Duration::from_millis(50)));
        }
    }
}
