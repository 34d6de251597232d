use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use delivery::ports::Call;
use tokio::io::AsyncWriteExt;
use workflow::{Access, ClientAuthentication, OAuth2, StageSecrets};

use crate::support::{self, Reader, Receiver, Request, read_request};

/// An authorization server whose tokens are numbered, unless it is told to answer something else first.
pub(crate) struct AuthorizationServer {
    receiver: Receiver,
    asked: Arc<Mutex<Vec<Request>>>,
    others: Arc<Mutex<VecDeque<Vec<u8>>>>,
    life: Arc<Mutex<u64>>,
}

impl AuthorizationServer {
    pub(crate) async fn start() -> Self {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let others = Arc::new(Mutex::new(VecDeque::<Vec<u8>>::new()));
        let life = Arc::new(Mutex::new(3600));
        let seen = (Arc::clone(&asked), Arc::clone(&others), Arc::clone(&life));
        let receiver = Receiver::start(move |mut stream| {
            let (asked, others, life) = seen.clone();
            async move {
                let request = read_request(&mut stream).await?;
                let answer = {
                    let mut asked = asked.lock().unwrap();
                    asked.push(request);
                    let other = others.lock().unwrap().pop_front();
                    other.unwrap_or_else(|| token(asked.len(), *life.lock().unwrap()))
                };
                stream.write_all(&answer).await?;
                stream.shutdown().await
            }
        })
        .await;
        Self {
            receiver,
            asked,
            others,
            life,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/token", self.receiver.address)
    }

    /// How long its tokens live, in seconds.
    pub(crate) fn tokens_live(&self, seconds: u64) {
        *self.life.lock().unwrap() = seconds;
    }

    /// What it answers next.
    pub(crate) fn answers(&self, answer: impl Into<Vec<u8>>) {
        self.others.lock().unwrap().push_back(answer.into());
    }

    /// The requests until now.
    pub(crate) fn asked(&self) -> Vec<Request> {
        std::mem::take(&mut *self.asked.lock().unwrap())
    }

    pub(crate) fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

fn token(number: usize, life: u64) -> Vec<u8> {
    let body = format!(
        r#"{{"access_token":"planted-token-{number}","token_type":"Bearer","expires_in":{life}}}"#
    );
    http("200 OK", &body)
}

/// An answer in JSON.
pub(crate) fn http(status: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
    .into_bytes()
}

/// A call of a stage that asks this server for its tokens.
pub(crate) fn with_token(token_url: &str, url: &str) -> Call<Reader> {
    let mut call = support::call(url);
    call.config.access = Some(Access::OAuth2(OAuth2 {
        token_url: token_url.to_owned(),
        client_id: "the client:1".to_owned(),
        scopes: vec!["read".to_owned(), "write".to_owned()],
        audience: Some("https://api.example/".to_owned()),
        authentication: ClientAuthentication::Basic,
    }));
    call.secrets = StageSecrets {
        client_secret: Some("planted client%secret".into()),
        ..StageSecrets::default()
    };
    call
}
