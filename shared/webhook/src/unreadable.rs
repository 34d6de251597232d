/// What is wrong with the head of an answer that the client could not read. The client accepts minor errors; it
/// refuses only what RFC 9112 requires a client to refuse, and a head without an end.
///
/// hyper's errors can be told apart only by their text. If hyper changes a text, the general message is used; the
/// tests check each.
pub(crate) fn explain(error: &hyper::Error) -> &'static str {
    match error.to_string().as_str() {
        "message head is too large" => {
            "the answer's head is too large: more than 400 KiB or 1,000 lines"
        }
        "invalid HTTP status-code parsed" => {
            "the answer's first line has no status of three digits, or a control character behind it"
        }
        "invalid HTTP version parsed" => "the answer does not begin with HTTP/1.0 or HTTP/1.1",
        "invalid HTTP header parsed" => {
            "the answer's head has a carriage return without a line feed in it, or a zero byte"
        }
        "invalid content-length parsed" => {
            "the answer's Content-Length is not a number, or is given twice with different numbers"
        }
        "unexpected transfer-encoding parsed" => {
            "the answer has a Transfer-Encoding, which HTTP/1.0 does not allow"
        }
        _ => "the answer's head cannot be read",
    }
}

/// Whether the receiver sent something on a connection before a request was sent.
pub(crate) fn is_unasked(error: &hyper::Error) -> bool {
    error.to_string() == "received unexpected message from connection"
}
