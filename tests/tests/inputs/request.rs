use proptest::prelude::*;
use tests::inputs::authorizer::TOKEN;
use tests::inputs::request::check;

fn header() -> impl Strategy<Value = (String, Vec<u8>)> {
    let names = [
        "authorization",
        "Authorization",
        "content-type",
        "webhook-id",
        "webhook-signature",
        "host",
        "content-length",
    ];
    let value = prop_oneof![
        2 => Just(TOKEN.as_bytes().to_vec()),
        1 => Just(format!("{TOKEN},{TOKEN}").into_bytes()),
        1 => Just(Vec::new()),
        1 => prop::collection::vec(prop_oneof![0x20..=0x7e_u8, 0x80..=0xff_u8], 0..20),
    ];
    (
        prop::sample::select(names.to_vec()).prop_map(str::to_owned),
        value,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 4, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_request_passes_the_authorizer_first(
        method in "(POST|POST|POST|GET|PUT|OPTIONS|X)",
        path in "/[ -~&&[^ #\"<>`{}|^\\\\]]{0,12}",
        headers in prop::collection::vec(header(), 0..4),
        body in prop_oneof![
            Just(br#"{"item":{"name":"a"}}"#.to_vec()),
            prop::collection::vec(any::<u8>(), 0..40),
        ],
    ) {
        let mut request = format!("{method} {path}").into_bytes();
        for (name, value) in headers {
            request.push(b'\n');
            request.extend(name.into_bytes());
            request.extend(b": ");
            request.extend(value);
        }
        request.extend(b"\n\n");
        request.extend(body);
        check(&request);
    }
}
