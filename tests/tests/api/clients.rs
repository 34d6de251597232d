use crate::server::{Server, TEAM, python};

fn passes(name: &str, arguments: &[&str]) {
    let output = python(name, arguments);
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    assert!(output.status.success(), "{name}: {}\n{}", said[0], said[1]);
}

pub(crate) fn darwin_py() {
    let server = Server::start();
    let keys = [
        (TEAM, "admin", 42),
        (TEAM, "annotator", 7),
        ("another", "owner", 1),
    ];
    let keys = keys.map(|(team, role, user)| server.key(team, role, user));
    passes(
        "check_darwin_py.py",
        &[&server.url, &keys[0], &keys[1], &keys[2]],
    );
    passes("check_darwin_py_older.py", &[&server.url, &keys[0]]);
}

pub(crate) fn a_receiver_sends_files_back_during_the_call() {
    let server = Server::start();
    let key = server.key(TEAM, "admin", 42);
    passes("check_receiver.py", &[&server.url, &key]);
}

pub(crate) fn answers_are_as_the_document_says() {
    let server = Server::start();
    let key = server.key(TEAM, "owner", 1);
    passes("check_schema.py", &[&server.url, &key]);
}
