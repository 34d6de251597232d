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

#[test]
fn another_teams_things_are_not_found_by_any_route() {
    let directory = directory();
    let state = directory.path().join("state");
    let key = key(&state, "owner");
    let server = Server::start(&state);
    let client = server.client(&key);
    let id = "7194e3c3-04a7-55ae-b99e-90a213025b86";
    for (method, route) in [
        ("GET", "workflows"),
        ("POST", "workflows"),
        ("GET", "workflows/ID"),
        ("PUT", "workflows/ID"),
        ("DELETE", "workflows/ID"),
        ("POST", "workflows/ID/stages/ID/test"),
        ("POST", "workflows/ID/stages/ID/redeliver"),
        ("POST", "workflows/ID/stages/ID/pause"),
        ("POST", "workflows/ID/stages/ID/resume"),
        ("GET", "items"),
        ("POST", "items"),
        ("GET", "items/list_ids"),
        ("GET", "items/ids"),
        ("GET", "items/general_counts"),
        ("POST", "items/stage"),
        ("POST", "items/assign"),
        ("GET", "items/ID"),
        ("GET", "items/ID/visits"),
        ("POST", "items/ID/commands"),
    ] {
        let path = format!("/api/v2/teams/other/{}", route.replace("ID", id));
        let answer = client.request_at(method, &path, "", "{}");
        let (status, answer) = answer.unwrap();
        assert_eq!(status, 404, "{method} {route}");
        assert_eq!(
            answer["errors"]["message"], "team not found",
            "{method} {route}"
        );
    }
}
