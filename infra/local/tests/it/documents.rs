//! Documents as they come: broken, doubled, without an id.

use crate::support::{Endpoint, code, directory, document, example, rows, run, stderr};

#[test]
fn a_broken_document_is_named_with_its_place_and_the_others_go_on() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let docs = state.path().join("docs");
    std::fs::create_dir(&docs).unwrap();
    let id = |n: u128| uuid::Uuid::from_u128(n).to_string();
    std::fs::write(docs.join("a.json"), document("a", &id(1))).unwrap();
    std::fs::write(
        docs.join("b.json"),
        "{\n  \"version\": \"2.0\",\n  \"item\": }",
    )
    .unwrap();
    std::fs::write(docs.join("c.json"), "").unwrap();
    std::fs::write(
        docs.join("d.json"),
        r#"{"version":"1.0","item":{"name":"x"}}"#,
    )
    .unwrap();
    std::fs::write(docs.join("e.json"), b"\xff\xfe\x00{").unwrap();
    std::fs::write(docs.join("f.json"), r#"{"hello": "world"}"#).unwrap();
    std::fs::create_dir(docs.join("deep")).unwrap();
    std::fs::write(docs.join("deep/g.json"), document("g", &id(2))).unwrap();
    std::os::unix::fs::symlink(&docs, docs.join("deep/loop")).unwrap();
    std::os::unix::fs::symlink("nowhere", docs.join("h.json")).unwrap();
    let workflow = example("workflow.json");
    let output = run(&endpoint, &state.path().join("s"), &workflow, &[&docs])
        .output()
        .unwrap();
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let names: Vec<_> = rows(&output)
        .iter()
        .map(|row| row["name"].clone())
        .collect();
    assert_eq!(names, ["a", "g"]);
    assert_eq!(endpoint.count(), 2);
    let said = stderr(&output);
    for part in [
        "b.json: line 3, column 11",
        "c.json: the file is empty",
        "d.json: it is Darwin JSON 1.0",
        "e.json: it is UTF-16: save it as UTF-8",
        "f.json: it is not a Darwin JSON document",
        "h.json: ",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn two_files_with_one_id_both_arrive_and_keep_their_ids() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let id = uuid::Uuid::from_u128(7).to_string();
    let write = |name: &str, item: &str| {
        let path = state.path().join(name);
        std::fs::write(&path, document(item, &id)).unwrap();
        path
    };
    let (one, two, same) = (
        write("1.json", "one"),
        write("2.json", "two"),
        write("3.json", "one"),
    );
    let workflow = example("workflow.json");
    let dir = state.path().join("s");
    let first = run(&endpoint, &dir, &workflow, &[&one, &two, &same])
        .output()
        .unwrap();
    assert_eq!(code(&first), 0, "{}", stderr(&first));
    assert_eq!((rows(&first).len(), endpoint.count()), (2, 2));
    assert!(stderr(&first).contains("the same document as"));
    // Alone, in another order: the same ids, so no call.
    for documents in [vec![two.as_path()], vec![two.as_path(), one.as_path()]] {
        let again = run(&endpoint, &dir, &workflow, &documents)
            .output()
            .unwrap();
        assert_eq!(code(&again), 0, "{}", stderr(&again));
        assert_eq!(rows(&again).len(), documents.len(), "{}", stderr(&again));
        assert!(
            rows(&again)
                .iter()
                .all(|row| row["outcome"] == "already_passed")
        );
    }
    assert_eq!(endpoint.count(), 2);
}

#[test]
fn a_document_without_an_id_gets_a_stable_one_and_a_warning() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let path = state.path().join("d.json");
    std::fs::write(
        &path,
        r#"{"version":"2.0","item":{"name":"n"},"annotations":[]}"#,
    )
    .unwrap();
    let workflow = example("workflow.json");
    let ids: Vec<_> = (0..2)
        .map(|run_number| {
            let dir = state.path().join(run_number.to_string());
            let output = run(&endpoint, &dir, &workflow, &[&path]).output().unwrap();
            assert!(
                stderr(&output).contains("no item_id"),
                "{}",
                stderr(&output)
            );
            rows(&output)[0]["item_id"].clone()
        })
        .collect();
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn an_item_id_that_is_none_is_named() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let path = state.path().join("d.json");
    std::fs::write(&path, document("d", "item-7")).unwrap();
    let workflow = example("workflow.json");
    let output = run(&endpoint, &state.path().join("s"), &workflow, &[&path])
        .output()
        .unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("its item_id \"item-7\" is not a UUID"),
        "{said}"
    );
}

#[test]
fn a_state_directory_among_the_documents_is_none_of_them() {
    let (endpoint, directory) = (Endpoint::start("200"), directory());
    let id = uuid::Uuid::from_u128(1).to_string();
    let path = directory.path().join("d.json");
    std::fs::write(path, document("d", &id)).unwrap();
    let workflow = example("workflow.json");
    let state = directory.path().join("state");
    for _ in 0..2 {
        let output = run(&endpoint, &state, &workflow, &[directory.path()])
            .output()
            .unwrap();
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        assert_eq!(rows(&output).len(), 1);
    }
}
