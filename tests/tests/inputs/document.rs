use proptest::prelude::*;
use tests::inputs::document::{check, is_cut_alike_in_chunks};

use crate::json::{gap, name, object, spelled, value};

/// White space before the name, the name, white space, the value, white space.
type Member = (String, String, String, String, String);

fn document() -> impl Strategy<Value = String> {
    let member = (gap(), name(), gap(), value(), gap());
    let mark = prop_oneof![4 => Just(""), 1 => Just("\u{feff}")];
    (mark, prop::collection::vec(member, 0..6), gap()).prop_map(|(mark, members, last)| {
        let members: Vec<_> = members
            .iter()
            .map(|(a, name, b, value, c): &Member| format!("{a}{name}{b}:{value}{c}"))
            .collect();
        format!("{mark}{{{}{last}}}", members.join(","))
    })
}

/// The members on the way to a URL, some doubled, some of another shape.
fn document_with_urls() -> impl Strategy<Value = String> {
    let url = prop_oneof![
        4 => ("s3://([a-z.]{3,5}|[a-zé]{1,3})/[a-z/\"]{0,4}", any::<u8>()).prop_map(|(url, escapes)| spelled(&url, escapes)),
        1 => Just("\"https://h/p\"".to_owned()),
        1 => value(),
    ];
    let list = |name: &'static str, of: BoxedStrategy<String>| {
        let list =
            prop::collection::vec(of, 0..3).prop_map(|values| format!("[{}]", values.join(",")));
        members(name, prop_oneof![8 => list, 1 => value()].boxed())
    };
    let file = members("url", url.boxed());
    let slot = list("source_files", file);
    let document = members("item", list("slots", slot));
    (prop_oneof![4 => Just(""), 1 => Just("\u{feff}")], document)
        .prop_map(|(mark, document)| format!("{mark}{document}"))
}

fn members(name: &'static str, of: BoxedStrategy<String>) -> BoxedStrategy<String> {
    let named = (any::<u8>(), 0..4_u8, of).prop_map(move |(escapes, plain, value)| {
        (spelled(name, if plain > 0 { 0 } else { escapes }), value)
    });
    let other = prop_oneof![
        Just("\"other\""),
        Just("\"\\ud800\""),
        Just("\"annotations\"")
    ];
    let other = (other.prop_map(str::to_owned), value());
    prop::collection::vec(prop_oneof![3 => named, 1 => other], 0..4)
        .prop_map(|members| object(&members))
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_document_holds(document in document()) {
        check(document.as_bytes());
    }

    #[test]
    fn any_document_with_urls_holds(document in document_with_urls()) {
        check(document.as_bytes());
    }

    #[test]
    fn chunks_of_any_size_make_the_same_body(document in document(), size in 1..80_000_usize) {
        is_cut_alike_in_chunks(document.as_bytes(), size);
    }
}
