//! What may be the value of an Authorization header, wherever it comes from.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use proptest::prelude::*;
use serde_json::{Value, json};
use workflow::{AuthorizationError, Workflow, check_authorization};

#[test]
fn each_fault_has_its_name() {
    use AuthorizationError::{Blank, Control, Empty, LineBreak, NotAscii};
    for (value, fault) in [
        ("", Empty),
        ("   ", Empty),
        ("Bearer try\n", LineBreak),
        ("Bearer try\r\n", LineBreak),
        ("Bearer\rtry", LineBreak),
        ("\n", LineBreak),
        ("Bearer t\u{1}", Control),
        ("Bearer\ttry", Control),
        ("Bearer try\t", Control),
        ("Bearer\0", Control),
        ("Bearer \u{7f}", Control),
        ("Bearer tökén", NotAscii),
        ("Bearer \u{201c}try\u{201d}", NotAscii),
        ("Bearer try\u{a0}", NotAscii),
        ("\u{feff}Bearer try", NotAscii),
        ("Bearer try ", Blank),
        (" Bearer try", Blank),
    ] {
        assert_eq!(check_authorization(value), Err(fault), "{value:?}");
    }
    for value in [
        "x",
        "Bearer try",
        "Basic bmV3OnB3==",
        "Bearer  a b",
        "~!\"#",
    ] {
        assert_eq!(check_authorization(value), Ok(()), "{value:?}");
    }
}

proptest! {
    /// The file's value is judged as the environment's is, but for blanks alone, which V7's editor writes.
    #[test]
    fn the_file_is_judged_alike(value in prop_oneof!["\\PC{0,8}", "[ -~]{1,8}", "[a-z \\t\\n\\r]{0,6}"]) {
        let mut document: Value =
            serde_json::from_slice(include_bytes!("data/two_webhooks.json")).unwrap();
        document["stages"][1]["config"]["authorization_header"] = json!(value);
        let imported = Workflow::import(document.to_string().as_bytes());
        match check_authorization(&value) {
            Ok(()) => prop_assert_eq!(imported.unwrap().secrets.len(), 2),
            Err(AuthorizationError::Empty) => prop_assert_eq!(imported.unwrap().secrets.len(), 1),
            Err(error) => {
                let said = imported.unwrap_err().to_string();
                let says = format!("its authorization_header {error}");
                prop_assert!(said.contains(&says), "{}", said);
            }
        }
    }

    /// What passes arrives as it is: no byte that a server drops or takes for the end.
    #[test]
    fn what_passes_is_visible_ascii_on_one_line(value in "\\PC{0,12}|[ -~]{0,12}") {
        if check_authorization(&value).is_ok() {
            prop_assert!(value.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
            prop_assert_eq!(value.trim(), &value);
            prop_assert!(!value.is_empty());
        }
    }
}
