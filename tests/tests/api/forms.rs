use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::json;
use url::form_urlencoded::byte_serialize;

/// A secret as it may be written in a text: as it is, in JSON, in a URL, and in base64, alone or among other bytes.
pub(crate) fn forms(secret: &str) -> Vec<String> {
    let once = quoted(secret);
    let form: String = byte_serialize(secret.as_bytes()).collect();
    let percent = form.replace('+', "%20");
    let mut forms = vec![
        secret.to_owned(),
        // In JSON, and in a text that is itself in JSON.
        quoted(&once),
        once,
        percent.to_lowercase(),
        percent,
        form,
    ];
    for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
        for before in 0..3 {
            let bytes = [&vec![0; before], secret.as_bytes()].concat();
            // The characters that depend on what is beside the secret are left out.
            let encoded = engine.encode(&bytes[..bytes.len() / 3 * 3]);
            forms.push(encoded[(before * 4).div_ceil(3)..].to_owned());
        }
    }
    forms.sort_unstable();
    forms.dedup();
    forms
}

fn quoted(text: &str) -> String {
    let json = json!(text).to_string();
    json[1..json.len() - 1].to_owned()
}

/// What is searched for is there, however the secret is written.
pub(crate) fn each_is_found() {
    const SECRET: &str = "planted /+%&=\"\\1";
    let quoted = json!({"said": json!({"said": SECRET}).to_string()}).to_string();
    let query: String = byte_serialize(SECRET.as_bytes()).collect();
    let mut texts = vec![
        format!("({SECRET})"),
        quoted,
        query.replace('+', "%20"),
        query,
    ];
    for (before, after) in [("", ""), ("a", "z"), ("ab", "yz"), ("abc", "xyz")] {
        let text = format!("{before}{SECRET}{after}");
        texts.extend([STANDARD_NO_PAD, URL_SAFE_NO_PAD].map(|engine| engine.encode(&text)));
    }
    for text in texts {
        let is_found = forms(SECRET).iter().any(|form| text.contains(form));
        assert!(is_found, "{text}");
    }
    assert!(
        !forms(SECRET)
            .iter()
            .any(|form| "another text".contains(form))
    );
}
