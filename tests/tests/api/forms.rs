use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

/// A secret as it may be written in a text: as it is, in JSON, in a URL, and in base64, alone or among other bytes.
pub(crate) fn forms(secret: &str) -> Vec<String> {
    let json = serde_json::to_string(secret).unwrap();
    let form: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    let percent = form.replace('+', "%20");
    let mut forms = vec![
        secret.to_owned(),
        json[1..json.len() - 1].to_owned(),
        // Quoted in a text that is itself quoted.
        format!("{:?}", json).trim_matches(['"', '\\']).to_owned(),
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
