use std::cell::RefCell;
use std::fmt;

use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::server::Server;

/// Makes requests of one server, one after the other.
pub(crate) struct Client {
    http: reqwest::Client,
    runtime: Runtime,
    /// Ends with `/api`.
    url: String,
    said: RefCell<String>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.text)
    }
}

impl Client {
    pub(crate) fn of(server: &Server) -> Self {
        Self {
            http: reqwest::Client::new(),
            runtime: Builder::new_current_thread().enable_all().build().unwrap(),
            url: server.url.clone(),
            said: RefCell::default(),
        }
    }

    /// With this key, if there is one; with a body if that is not `null`.
    pub(crate) fn ask(&self, key: Option<&str>, method: &str, path: &str, body: &Value) -> Answer {
        self.ask_at(key, method, &format!("{}{path}", self.url), body)
    }

    /// The same of any URL.
    pub(crate) fn ask_at(
        &self,
        key: Option<&str>,
        method: &str,
        url: &str,
        body: &Value,
    ) -> Answer {
        let mut request = self.http.request(method.parse().unwrap(), url);
        if let Some(key) = key {
            request = request.header("authorization", format!("ApiKey {key}"));
        }
        if !body.is_null() {
            let json = request.header("content-type", "application/json");
            request = json.body(body.to_string());
        }
        let answer = self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            Answer {
                status: answer.status().as_u16(),
                headers: answer.headers().clone(),
                text: answer.text().await.unwrap(),
            }
        });
        let mut said = self.said.borrow_mut();
        for (name, value) in &answer.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            *said += &format!("{name}: {value}\n");
        }
        *said += &answer.text;
        drop(said);
        answer
    }

    /// The headers and bodies of all answers so far.
    pub(crate) fn said(&self) -> String {
        self.said.borrow().clone()
    }

    /// For what a test needs before it begins.
    pub(crate) fn done(&self, key: &str, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.ask(Some(key), method, path, body);
        assert!(
            (200..300).contains(&answer.status),
            "{method} {path}: {answer}"
        );
        answer.json()
    }
}
