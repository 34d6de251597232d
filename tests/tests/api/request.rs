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
        }
    }

    /// With this key, if there is one; with a body if that is not `null`.
    pub(crate) fn ask(&self, key: Option<&str>, method: &str, path: &str, body: &Value) -> Answer {
        let url = format!("{}{path}", self.url);
        let mut request = self.http.request(method.parse().unwrap(), url);
        if let Some(key) = key {
            request = request.header("authorization", format!("ApiKey {key}"));
        }
        if !body.is_null() {
            let json = request.header("content-type", "application/json");
            request = json.body(body.to_string());
        }
        self.runtime.block_on(async {
            let answer = request.send().await.unwrap();
            Answer {
                status: answer.status().as_u16(),
                headers: answer.headers().clone(),
                text: answer.text().await.unwrap(),
            }
        })
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
