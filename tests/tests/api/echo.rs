use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A receiver that refuses each call and tells back all that was sent; and an authorization server, at `/token`.
pub(crate) struct Echo {
    pub(crate) url: String,
    received: Arc<Mutex<String>>,
}

impl Echo {
    pub(crate) fn start(token: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = Arc::new(Mutex::new(String::new()));
        let all = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let all = Arc::clone(&all);
                std::thread::spawn(move || answer(stream.unwrap(), token, &all));
            }
        });
        Self { url, received }
    }

    /// All requests so far.
    pub(crate) fn received(&self) -> String {
        self.received.lock().unwrap().clone()
    }
}

fn answer(stream: TcpStream, token: &str, all: &Mutex<String>) {
    let mut reader = BufReader::new(&stream);
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or_default() < 3 {
            break;
        }
        if let Some(given) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = given.trim().parse().unwrap();
        }
        request.push_str(&line);
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    let is_token = request.starts_with("POST /token");
    if is_token {
        request.push_str(&String::from_utf8_lossy(&body));
    }
    all.lock().unwrap().push_str(&request);
    let (status, said) = if is_token {
        let given =
            format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":60}}"#);
        ("200 OK", given)
    } else {
        ("500 No", request)
    };
    let length = said.len();
    let _ = write!(
        &stream,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{said}"
    );
}
