//! Documents that are not as V7 writes them, and what lies beside documents.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::support::{Endpoint, code, directory, document, rows, run, stderr, workflow};

/// A directory with these files in it.
fn documents(in_directory: &TempDir, files: &[(&str, Vec<u8>)]) -> PathBuf {
    let documents = in_directory.path().join("docs");
    for (name, bytes) in files {
        let path = documents.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    documents
}

/// Its one Webhook stage sends whole documents.
fn whole(endpoint: &Endpoint, in_directory: &TempDir) -> PathBuf {
    let path = in_directory.path().join("workflow.json");
    let stages = [("Hook", Some("Next"), Some("Other"))];
    std::fs::write(&path, workflow(&endpoint.url(), &stages)).unwrap();
    path
}

fn id(n: u128) -> String {
    uuid::Uuid::from_u128(n).to_string()
}

fn bodies(endpoint: &Endpoint) -> Vec<String> {
    let calls = endpoint.calls().into_iter();
    let mut bodies: Vec<_> = calls
        .map(|call| String::from_utf8(call.body).unwrap())
        .collect();
    bodies.sort();
    bodies
}

#[test]
fn metadata_that_nobody_needs_keeps_no_document() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let good = document("n", &id(1));
    let with = |from: &str, to: &str| {
        let changed = good.replace(from, to);
        assert_ne!(changed, good, "{from}");
        changed
    };
    let own_id = format!("\"item_id\":\"{}\"", id(1));
    let odd = [
        (
            "1.json",
            with(&own_id, "\"item_id\":267804819"),
            "its item_id \"267804819\" is not a UUID",
        ),
        (
            "2.json",
            with(&own_id, "\"item_id\":[\"x\"]"),
            "its \"item_id\" is a list, not text",
        ),
        (
            "3.json",
            with("{\"slug\":\"d\"}", "\"scans\""),
            "its \"dataset\" is text, not an object",
        ),
        (
            "4.json",
            with("{\"slug\":\"d\"}", "[7]"),
            "its \"dataset\" is a list, not an object",
        ),
        (
            "5.json",
            with("\"2.0\"", "2.0"),
            "its \"version\" is a number, not text",
        ),
        (
            "6.json",
            with("\"version\":\"2.0\",", ""),
            "it has no \"version\"",
        ),
        (
            "7.json",
            with("\"item\":{", "\"item\":{\"name\":\"old\","),
            "it has more than one \"name\"",
        ),
        (
            "8.json",
            with("\"/\"", "{}"),
            "its \"path\" is an object, not text",
        ),
        (
            "9.json",
            with("\"name\":\"n\",\"path\"", "\"path\""),
            "its item has no \"name\"",
        ),
    ];
    let files: Vec<_> = odd
        .iter()
        .enumerate()
        // An id of each one's own.
        .map(|(n, (file, text, _))| {
            (
                *file,
                text.replace(&id(1), &id(100 + n as u128)).into_bytes(),
            )
        })
        .collect();
    let documents = documents(&state, &files);
    let workflow = whole(&endpoint, &state);
    let output = run(&endpoint, &state.path().join("s"), &workflow, &[&documents])
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(code(&output), 0, "{said}");
    let mut sent: Vec<_> = files
        .into_iter()
        .map(|(_, bytes)| String::from_utf8(bytes).unwrap())
        .collect();
    sent.sort();
    assert_eq!(bodies(&endpoint), sent, "{said}");
    for (file, _, why) in odd {
        let is_said = |line: &str| line.contains(file) && line.contains(why);
        assert!(said.lines().any(is_said), "{file}: {why}: {said}");
    }
}

#[test]
fn half_a_surrogate_pair_in_the_name_is_sent_as_it_is() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let half = document("caf\\udce9", &id(1)).into_bytes();
    let documents = documents(&state, &[("half.json", half.clone())]);
    let workflow = whole(&endpoint, &state);
    let output = run(&endpoint, &state.path().join("s"), &workflow, &[&documents])
        .output()
        .unwrap();
    // What this receiver answers is its affair: it is sent, to the byte.
    assert!(endpoint.count() > 0, "{}", stderr(&output));
    let half = String::from_utf8(half).unwrap();
    assert!(bodies(&endpoint).iter().all(|body| *body == half));
    assert_eq!(rows(&output)[0]["name"], "caf\u{fffd}");
    assert!(stderr(&output).contains("half of a surrogate pair"));
}

#[test]
fn documents_without_an_id_and_with_one_origin_are_told_apart_in_every_run() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let files: Vec<_> = (0..3)
        .map(|n| {
            let text = format!(r#"{{"version":"2.0","item":{{"name":"n"}},"annotations":[{n}]}}"#);
            let path = state.path().join(format!("{n}.json"));
            std::fs::write(&path, text).unwrap();
            path
        })
        .collect();
    let workflow = whole(&endpoint, &state);
    let all: Vec<_> = files.iter().map(PathBuf::as_path).collect();
    let dir = state.path().join("s");
    let output = run(&endpoint, &dir, &workflow, &all).output().unwrap();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(endpoint.count(), 3);
    for one in all {
        let output = run(&endpoint, &dir, &workflow, &[one]).output().unwrap();
        assert_eq!(rows(&output)[0]["outcome"], "already_passed");
    }
    assert_eq!(endpoint.count(), 3);
    let mut passed = bodies(&endpoint);
    passed.dedup();
    assert_eq!(passed.len(), 3);
}

#[test]
fn a_byte_order_mark_is_no_reason_to_keep_a_document() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let marked = format!("\u{feff}{}", document("n", &id(1)));
    let little: Vec<u8> = document("m", &id(2))
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let documents = documents(
        &state,
        &[
            ("bom.json", marked.clone().into_bytes()),
            ("le.json", little),
        ],
    );
    let workflow = whole(&endpoint, &state);
    let output = run(&endpoint, &state.path().join("s"), &workflow, &[&documents])
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(code(&output), 1, "{said}");
    // What this receiver answers is its affair: it is sent, to the byte.
    assert!(endpoint.count() > 0, "{said}");
    assert!(bodies(&endpoint).iter().all(|body| *body == marked));
    assert!(
        said.contains("bom.json: it begins with a byte order mark"),
        "{said}"
    );
    assert!(
        said.contains("le.json: it is UTF-16: save it as UTF-8"),
        "{said}"
    );
}

#[test]
fn what_systems_leave_beside_documents_is_passed_over() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let good = || document("n", &id(1)).into_bytes();
    let fork = || b"\0\x05\x16\x07\0\x02\0\0Mac OS X".to_vec();
    let documents = documents(
        &state,
        &[
            ("a.json", good()),
            ("._a.json", fork()),
            (".#a.json", fork()),
            ("__MACOSX/docs/._a.json", fork()),
            ("__MACOSX/copy.json", document("copy", &id(2)).into_bytes()),
            ("deep/.AppleDouble/a.json", fork()),
            (
                "deep/.ipynb_checkpoints/a.json",
                document("copy", &id(3)).into_bytes(),
            ),
        ],
    );
    let workflow = whole(&endpoint, &state);
    let fork = documents.join("._a.json");
    let output = run(
        &endpoint,
        &state.path().join("s"),
        &workflow,
        &[&documents, &fork],
    )
    .output()
    .unwrap();
    let said = stderr(&output);
    assert_eq!(code(&output), 0, "{said}");
    assert_eq!(bodies(&endpoint), [document("n", &id(1))]);
    for name in [
        "._a.json",
        ".#a.json",
        "__MACOSX",
        ".AppleDouble",
        ".ipynb_checkpoints",
    ] {
        let passed = format!("{name}: skipped");
        assert!(said.contains(&passed), "{passed}: {said}");
    }
}

#[test]
fn warnings_of_one_kind_are_counted_beyond_ten() {
    let (endpoint, state) = (Endpoint::start("200"), directory());
    let files: Vec<_> = (0..30)
        .map(|n| {
            (
                format!("{n:02}.json"),
                format!(r#"{{"version":2,"item":{{"name":"{n}"}}}}"#),
            )
        })
        .collect();
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.clone().into_bytes()))
        .collect();
    let documents = documents(&state, &files);
    let workflow = whole(&endpoint, &state);
    let output = run(&endpoint, &state.path().join("1"), &workflow, &[&documents])
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(code(&output), 0, "{said}");
    assert_eq!(said.matches("it has no item_id; ").count(), 10, "{said}");
    assert_eq!(
        said.matches("json: its \"version\" is a number").count(),
        10,
        "{said}"
    );
    assert!(
        said.contains("20 more of this kind (it has no item_id); give -v to log each"),
        "{said}"
    );
    let output = run(&endpoint, &state.path().join("2"), &workflow, &[&documents])
        .arg("-v")
        .output()
        .unwrap();
    let said = stderr(&output);
    assert_eq!(said.matches("it has no item_id; ").count(), 30, "{said}");
}
