//! An AWS endpoint in the process: requests as the SDK wrote them, answers as a closure gives them.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

/// A request, as far as the tests look at it.
#[derive(Clone, Debug)]
pub struct Request {
    pub uri: String,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Request {
    /// The operation, in the protocols that name it in a header.
    pub fn operation(&self) -> &str {
        let target = self.headers.get("x-amz-target").map_or("", String::as_str);
        target.rsplit('.').next().unwrap_or_default()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    pub after: Duration,
}

impl Answer {
    pub fn ok(body: impl Into<Vec<u8>>) -> Self {
        Self::status(200, body)
    }

    pub fn status(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: body.into(),
            after: Duration::ZERO,
        }
    }

    pub fn json(value: &serde_json::Value) -> Self {
        Self::ok(value.to_string())
    }

    /// An error of a JSON protocol.
    pub fn error(code: &str) -> Self {
        let body = serde_json::json!({"__type": code, "message": "planted-message"});
        Self::status(400, body.to_string())
    }

    /// Comes late.
    pub fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }

    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

type Answers = dyn Fn(&Request) -> Answer + Send + Sync;

/// Answers every service.
#[derive(Clone)]
pub struct Fake {
    answers: Arc<Answers>,
    asked: Arc<Mutex<Vec<Request>>>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fake").finish_non_exhaustive()
    }
}

impl Fake {
    pub fn new(answers: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> Self {
        Self {
            answers: Arc::new(answers),
            asked: Arc::default(),
        }
    }

    pub fn config(&self) -> SdkConfig {
        let credentials = aws_sdk_dynamodb::config::Credentials::new("id", "key", None, None, "");
        let credentials = aws_sdk_dynamodb::config::SharedCredentialsProvider::new(credentials);
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::new("eu-central-1"))
            .credentials_provider(credentials)
            .retry_config(RetryConfig::disabled())
            .http_client(self.clone())
            .build()
    }

    /// All requests so far.
    pub fn asked(&self) -> Vec<Request> {
        self.asked.lock().unwrap().clone()
    }
}

impl HttpConnector for Fake {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let headers = request.headers().iter();
        let request = Request {
            uri: request.uri().to_owned(),
            headers: headers.map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
            body: request.body().bytes().map_or_else(String::new, |bytes| {
                String::from_utf8(bytes.to_vec()).unwrap()
            }),
        };
        let answer = (self.answers)(&request);
        self.asked.lock().unwrap().push(request);
        let status = answer.status.try_into().unwrap();
        let mut response = HttpResponse::new(status, SdkBody::from(answer.body));
        for (name, value) in answer.headers {
            response.headers_mut().insert(name, value);
        }
        HttpConnectorFuture::new(async move {
            tokio::time::sleep(answer.after).await;
            Ok(response)
        })
    }
}

impl HttpClient for Fake {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
