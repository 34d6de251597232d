//! Teams that cannot be part of a key, and dead letters that no record tells of.

use serde_json::json;

use crate::support::{
    Endpoint, code, directory, document, example, rows, run, stderr, webhook_stage,
};

#[test]
fn a_document_whose_team_cannot_be_one_is_delivered_under_another() {
    let (endpoint, directory) = (Endpoint::start("200"), directory());
    let docs = directory.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    let teams = [
        "a/b".to_owned(),
        "../x".to_owned(),
        "..".to_owned(),
        "x".repeat(256),
        "t".to_owned(),
    ];
    for (n, team) in teams.iter().enumerate() {
        let id = uuid::Uuid::from_u128(7).to_string();
        let text = document(&format!("f{n}"), &id);
        let text = text.replace(r#""slug":"t""#, &format!(r#""slug":"{team}""#));
        std::fs::write(docs.join(format!("{n}.json")), text).unwrap();
    }
    let state = directory.path().join("s");
    let output = run(&endpoint, &state, &example("workflow.json"), &[&docs]).output();
    let output = output.unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(rows(&output).len(), 5);
    assert_eq!(endpoint.count(), 5);
    let said = stderr(&output);
    for warning in [
        "0.json: the team contains a slash; it is stored under the team a-b-",
        "2.json: the team is \".\" or \"..\"",
        "3.json: the team is longer than 255 bytes",
    ] {
        assert!(said.contains(warning), "{warning}: {said}");
    }
    assert!(!said.contains("4.json"), "{said}");
}

#[test]
fn a_team_on_the_command_line_is_checked() {
    let mut command = webhook_stage();
    let file = example("workflow.json");
    command.args(["workflow", "put", "--team", "a/b"]).arg(file);
    let output = command.output().unwrap();
    assert_eq!(code(&output), 1);
    assert!(
        stderr(&output).contains("the team contains a slash"),
        "{}",
        stderr(&output)
    );
}

/// As state directories of before, and producers on AWS, may have them.
#[test]
fn check_and_status_name_letters_that_have_no_record() {
    let (endpoint, directory) = (Endpoint::start("200"), directory());
    let state = directory.path().join("s");
    let one = example("documents/front_01.json");
    let output = run(&endpoint, &state, &example("workflow.json"), &[&one]).output();
    assert_eq!(code(&output.unwrap()), 0);
    let item = uuid::Uuid::from_u128(9);
    let known = "d39cf381-64f7-542d-8f32-7a00ca0f245a";
    let db = rusqlite::Connection::open(state.join("webhook-stage.db")).unwrap();
    let team: String = db
        .query_row("SELECT team FROM states", [], |row| row.get(0))
        .unwrap();
    for body in [
        json!({"team": "a/b", "item_id": item}).to_string(),
        "poison".to_owned(),
        json!({"team": team, "item_id": known}).to_string(),
    ] {
        let letter = json!({"queue": "assignments", "body": body, "cause": "played"}).to_string();
        let sql = "INSERT INTO messages (queue, message_group, visible_at, sent_at, body) VALUES (4, 'x', 0, 0, ?1)";
        db.execute(sql, [letter]).unwrap();
    }
    drop(db);
    let on = |command: &str| {
        let mut program = webhook_stage();
        program.args([command, "--json", "--state"]).arg(&state);
        program.output().unwrap()
    };
    for (command, exit) in [("check", 2), ("status", 0)] {
        let output = on(command);
        assert_eq!(code(&output), exit, "{}", stderr(&output));
        let letters: Vec<_> = rows(&output)
            .into_iter()
            .filter(|row| row.get("dead_letter").is_some())
            .collect();
        assert_eq!(letters.len(), 2, "{letters:?}");
        assert_eq!(letters[0]["team"], "a/b");
        assert_eq!(letters[0]["item_id"], item.to_string());
        assert_eq!(letters[1]["item_id"], json!(null));
        assert!(stderr(&output).contains("2 dead letters parked whose file has no record"));
    }
}
