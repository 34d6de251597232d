use super::{Server, key};
use crate::support::{directory, stderr, webhook_stage};

#[test]
fn a_key_counts_from_when_it_is_made_until_it_is_revoked() {
    let directory = directory();
    let state = directory.path().join("state");
    let first = key(&state, "admin");
    let server = Server::start(&state);
    let second = key(&state, "annotator");
    for key in [&first, &second] {
        assert_eq!(server.client(key).get("items").0, 200);
    }
    let prefix = second.split('.').next().unwrap();
    let keys = |arguments: &[&str]| {
        let mut command = webhook_stage();
        command
            .arg("keys")
            .args(arguments)
            .arg("--state")
            .arg(&state);
        command.output().unwrap()
    };
    let listed = String::from_utf8(keys(&["list"]).stdout).unwrap();
    assert!(listed.contains(prefix) && listed.contains("annotator"));
    assert!(!listed.contains(&second), "a key is shown once only");
    assert!(keys(&["revoke", prefix]).status.success());
    assert_eq!(server.client(&second).get("items").0, 401);
    assert_eq!(server.client(&first).get("items").0, 200);
    let again = keys(&["revoke", &second]);
    assert_eq!(again.status.code(), Some(1));
    let secret = second.split('.').nth(1).unwrap();
    assert!(!stderr(&again).contains(secret), "{}", stderr(&again));
}

#[test]
fn it_says_how_it_is_without_a_key_and_nothing_else() {
    let directory = directory();
    let state = directory.path().join("state");
    let server = Server::start(&state);
    let nobody = server.client("abcdefg.abcdefghijklmnopqrstuvwxyz123456");
    for (path, expected) in [("/health", "ok"), ("/ready", "ready")] {
        let answer = nobody.about(path);
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains(expected),
            "{answer}"
        );
    }
    let metrics = nobody.about("/metrics");
    assert!(
        metrics.contains("webhook_stage_attempts_total{result=\"succeeded\"} 0"),
        "{metrics}"
    );
    assert_eq!(nobody.get("items").0, 401);
    assert_eq!(nobody.get("workflows").0, 401);
}
