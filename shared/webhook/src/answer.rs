use std::time::Duration;

use reqwest::Response;
use tokio::time::{Instant, timeout_at};

use crate::redact::Redactor;

/// How much of an answer's body is read at most; the rest is dropped with the connection.
const READ_LIMIT: usize = 4 * 1024;

/// How much of an answer's body is kept at most.
const KEPT: usize = 1024;

/// How long to wait for the body. Once the status is known, the body can only delay the file.
const BODY_TIME: Duration = Duration::from_secs(1);

/// The start of an answer's body, and what went wrong with it.
pub(crate) struct Excerpt {
    pub(crate) text: String,
    pub(crate) note: Option<&'static str>,
}

/// Reads the part of the body that is kept. A body that stalls, breaks off or does not end changes nothing,
/// because the receiver has already answered.
pub(crate) async fn read(
    mut response: Response,
    deadline: Instant,
    redactor: &Redactor,
) -> Excerpt {
    let until = deadline.min(Instant::now() + BODY_TIME);
    let mut body: Vec<u8> = Vec::new();
    let note = loop {
        match timeout_at(until, response.chunk()).await {
            Err(_) => break Some("the answer's body stalled"),
            Ok(Err(_)) => break Some("the connection broke within the answer's body"),
            Ok(Ok(None)) => break None,
            Ok(Ok(Some(chunk))) => {
                let room = READ_LIMIT - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() > room {
                    break Some("the answer's body was cut off");
                }
            }
        }
    };
    let text = shorten(redactor.redact(&body));
    Excerpt { text, note }
}

fn shorten(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(KEPT));
    text
}

#[cfg(test)]
mod tests {
    use super::shorten;

    #[test]
    fn an_excerpt_ends_between_characters() {
        assert_eq!(shorten("é".repeat(600)).len(), 1024);
        assert_eq!(shorten(format!("a{}", "é".repeat(600))).len(), 1023);
        assert_eq!(shorten("short".to_owned()), "short");
    }
}
