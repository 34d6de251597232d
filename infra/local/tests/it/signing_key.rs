//! `signing-key`: the private key is printed once, when it is made.

use crate::support::{code, stderr, webhook_stage};

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn a_new_key_and_its_public_key() {
    let made = webhook_stage()
        .args(["signing-key", "new"])
        .output()
        .unwrap();
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    assert_eq!(stderr(&made), "");
    let printed = stdout(&made);
    let (key, public) = printed.trim_end().split_once('\n').unwrap();
    assert!(
        key.starts_with("whsk_") && public.starts_with("whpk_"),
        "{public}"
    );
    let again = webhook_stage()
        .args(["signing-key", "public", "--key-env", "KEY"])
        .env("KEY", key)
        .output()
        .unwrap();
    assert_eq!(stdout(&again).trim_end(), public);
    assert!(!stderr(&again).contains(key));
    let other = webhook_stage()
        .args(["signing-key", "new"])
        .output()
        .unwrap();
    assert_ne!(stdout(&other), printed);
}

#[test]
fn what_is_no_key_is_not_shown() {
    for (variable, value) in [
        ("KEY", "whsk_planted"),
        ("KEY", "planted"),
        ("whsk_planted=", ""),
    ] {
        let mut command = webhook_stage();
        command.args(["signing-key", "public", "--key-env", variable]);
        if variable == "KEY" {
            command.env("KEY", value);
        }
        let output = command.output().unwrap();
        assert_eq!(code(&output), 1);
        assert!(stderr(&output).starts_with("error[usage]: --key-env"));
        assert!(!stderr(&output).contains("planted"), "{}", stderr(&output));
    }
}
