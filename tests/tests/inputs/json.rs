//! JSON text as foreign programs write it: odd spellings, doubled names, white space anywhere.

use proptest::prelude::*;

/// A text in quotes, in one of its spellings.
pub(crate) fn spelled(text: &str, escapes: u8) -> String {
    let mut out = String::from("\"");
    for (index, char) in text.chars().enumerate() {
        let mut units = [0; 2];
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            _ if char < ' ' || (escapes >> (index % 8)) & 1 == 1 => {
                for unit in char.encode_utf16(&mut units) {
                    out.push_str(&format!("\\u{unit:04x}"));
                }
            }
            '/' if escapes & 2 == 2 => out.push_str("\\/"),
            _ => out.push(char),
        }
    }
    out.push('"');
    out
}

pub(crate) fn gap() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => Just(String::new()),
        2 => "[ \t\r\n]{1,4}",
        1 => (60_000..70_000_usize).prop_map(|length| " ".repeat(length)),
    ]
}

/// Any value, some of which serde_json reads, some only a scanner does.
pub(crate) fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null"),
        Just("true"),
        Just("-0"),
        Just("0.1e-7"),
        Just("1E+5"),
        Just("1e999"),
        Just("123456789012345678901234567890"),
        Just("\"\\ud800\""),
        Just("\"\\ud83d\\ude00\""),
        Just("\"\\u0000]}\""),
        Just("\"s3://bucket/key\""),
        Just("\"s3:\\/\\/b/\\u006b\""),
        Just("\"\\u00733://b/k\""),
        Just("\"é\u{10ffff}\""),
    ]
    .prop_map(str::to_owned);
    leaf.prop_recursive(4, 32, 4, |inner| {
        let name = prop_oneof![name(), Just("\"a\"".to_owned())];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|values| format!("[{}]", values.join(","))),
            prop::collection::vec((name, inner), 0..4).prop_map(|members| object(&members)),
        ]
    })
}

/// A name that means something, spelled somehow.
pub(crate) fn name() -> impl Strategy<Value = String> {
    let names = [
        "annotations",
        "properties",
        "item",
        "slots",
        "source_files",
        "url",
        "name",
        "Annotations",
        "",
        "é",
    ];
    (
        prop::sample::select(names.to_vec()),
        prop_oneof![Just(0), any::<u8>()],
    )
        .prop_map(|(name, escapes)| spelled(name, escapes))
}

pub(crate) fn object(members: &[(String, String)]) -> String {
    let members: Vec<_> = members
        .iter()
        .map(|(name, value)| format!("{name}:{value}"))
        .collect();
    format!("{{{}}}", members.join(","))
}
