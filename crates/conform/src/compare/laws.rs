//! What holds of a comparison, whatever is compared.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{origin_names::OriginNames, side::Origin};

fn normalisers() -> [Normaliser; 2] {
    ["http://a.example:7007", "http://b.example"]
        .map(|url| Normaliser::new(OriginNames::of(&Origin::parse(url).unwrap())))
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z <>\n]{0,20}",
        Just("http://a.example:7007/x".to_owned()),
        Just("http://b.example/x".to_owned()),
        Just("Mon, 30 Nov 2026 18:20:38 GMT".to_owned()),
        Just("logId=0123456789abcdef0123".to_owned()),
        Just("default-src 'self'; script-src 'none'".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf =
        prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), text().prop_map(Value::from)];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("(keys|kid|kty|stack|[a-c])", inner, 0..4)
                .prop_map(|members| json!(members)),
        ]
    })
}

fn reply() -> impl Strategy<Value = Reply> {
    let body = prop_oneof![
        Just(Body::Empty),
        value().prop_map(Body::Json),
        text().prop_map(Body::Text),
        prop::collection::vec(any::<u8>(), 0..5).prop_map(Body::Bytes),
    ];
    let name = prop::sample::select(vec![
        "date",
        "etag",
        "content-length",
        "content-security-policy",
        "set-cookie",
        "x-request-id",
        "connection",
    ]);
    let headers = prop::collection::vec((name.prop_map(str::to_owned), text()), 0..5);
    let status = prop::sample::select(vec![200_u16, 404, 429]);
    (status, headers, body).prop_map(|(status, headers, body)| Reply {
        status,
        headers,
        body,
        held_token: false,
    })
}

proptest! {
    #[test]
    fn an_answer_is_the_same_as_itself(reply in reply()) {
        let compared = compare(&normalisers(), &Ok(reply.clone()), &Ok(reply), Sameness::Whole, false);
        prop_assert_eq!(compared.differences, vec![]);
        prop_assert_eq!(compared.not_comparable, None);
    }

    #[test]
    fn what_differs_differs_in_either_direction(a in reply(), b in reply()) {
        let there = compare(&normalisers(), &Ok(a.clone()), &Ok(b.clone()), Sameness::Whole, false);
        let [of_a, of_b] = normalisers();
        let back = compare(&[of_b, of_a], &Ok(b), &Ok(a), Sameness::Whole, false);
        let mirrored: Vec<Difference> = back
            .differences
            .into_iter()
            .map(|Difference { what, a, b }| Difference { what, a: b, b: a })
            .collect();
        prop_assert_eq!(there.differences, mirrored);
        prop_assert_eq!(there.applied, back.applied);
        prop_assert_eq!(there.not_comparable.is_some(), back.not_comparable.is_some());
    }
}
