//! Whatever schemas and config say, nothing panics, and nothing secret is shown.

use greenroom_config::{Visibilities, Visibility};
use greenroom_config_schema::{Schema, keys};
use proptest::prelude::*;
use serde_json::{Map, Value as Json, json};

use crate::support::{one, try_schema};

fn value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        (-3..3_i32).prop_map(Json::from),
        "[ab0-9]{0,3}".prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Json::from),
            prop::collection::vec(("[abc/~]", inner), 0..3)
                .prop_map(|kv| Json::from(kv.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn object() -> impl Strategy<Value = Json> {
    value().prop_map(|value| if value.is_object() { value } else { json!({ "a": value }) })
}

/// Schemas, most of them well-formed.
fn schemas() -> impl Strategy<Value = Json> {
    let word = |words: &'static [&'static str]| prop::sample::select(words).prop_map(Json::from);
    let visibility = || word(&["frontend", "backend", "secret", "frontend", "x"]);
    let leaf = prop_oneof![
        any::<bool>().prop_map(Json::from),
        visibility().prop_map(|v| json!({ "visibility": v })),
        word(&["string", "number", "integer", "boolean", "null", "array", "object"])
            .prop_map(|t| json!({ "type": t })),
        word(&["frontend", "secret"]).prop_map(|v| json!({ "deepVisibility": v })),
        (0..3_i32, -1..2_i32)
            .prop_map(|(a, b)| json!({ "minimum": a, "maxLength": b, "minItems": b, "maxProperties": a })),
        word(&["#/definitions/d", "#/definitions/none", "#", "#/properties/a", "x"])
            .prop_map(|r| json!({ "$ref": r })),
        word(&["a", "(", "[", "^.$"]).prop_map(
            |p| json!({ "pattern": p, "required": [p], "patternProperties": { p.as_str().unwrap(): {} } })
        ),
        value().prop_map(|v| json!({ "enum": [v, 1], "deprecated": "old" })),
        value(),
    ];
    leaf.prop_recursive(4, 32, 3, |inner| {
        let many = prop::collection::vec(inner.clone(), 0..3);
        let keyword = prop::sample::select(vec!["anyOf", "oneOf", "allOf", "items"]);
        let single = prop::sample::select(vec![
            "not",
            "if",
            "then",
            "items",
            "additionalProperties",
            "contains",
            "propertyNames",
        ]);
        let members = prop::collection::vec(("[abcd/~]", inner.clone()), 0..3);
        let group =
            prop::sample::select(vec!["properties", "definitions", "patternProperties", "dependencies"]);
        let both = (inner.clone(), inner.clone()).prop_map(|(a, b)| match (a, b) {
            (Json::Object(mut a), Json::Object(b)) => {
                a.extend(b);
                Json::Object(a)
            }
            (a, _) => a,
        });
        prop_oneof![
            (keyword, many).prop_map(|(k, v)| json!({ k: v })),
            (single, inner).prop_map(|(k, v)| json!({ k: v })),
            (group, members)
                .prop_map(|(k, kv)| json!({ k: Json::from(kv.into_iter().collect::<Map<_, _>>()) })),
            both,
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn merging_checking_and_filtering_never_panic(all in prop::collection::vec(schemas(), 0..4), data in object()) {
        let Ok(schema) = try_schema(&all) else { return Ok(()) };
        let config = one(&data);
        let _ = (schema.validate(&config), schema.deprecations(&config), schema.visibility(&data));
        let _ = (keys::reference(&schema), keys::unknown(&[schema.merged()], &config));
        let secrets = schema.secrets(&config);
        for visible in [&[Visibility::Frontend][..], &[Visibility::Secret, Visibility::Backend], &[]] {
            let _ = schema.filter(&config, visible);
            let filtered = schema.filter_anyway(&config, visible);
            prop_assert_eq!(filtered.len(), 1);
            if visible.is_empty() {
                prop_assert_eq!(&filtered[0].data, &json!({}));
            }
        }
        // What is secret is not for the browser.
        let shown = schema.filter_anyway(&config, &[Visibility::Frontend])[0].data.to_string();
        let secret = schema.visibility(&data).into_iter().filter(|(_, v)| *v == Visibility::Secret);
        for (pointer, _) in secret {
            let in_shown: Json = serde_json::from_str(&shown).unwrap();
            let alone = data.pointer(&pointer).is_some() && !pointer.contains(|c: char| c.is_ascii_digit());
            prop_assert!(!alone || in_shown.pointer(&pointer).is_none(), "{} in {}", pointer, shown);
        }
        drop(secrets);
    }

    /// A schema merged with itself says the same.
    #[test]
    fn merging_is_idempotent(schema in schemas(), data in object()) {
        prop_assume!(schema.get("definitions").is_none());
        let (Ok(once), Ok(twice)) = (try_schema(std::slice::from_ref(&schema)), try_schema(&[schema.clone(), schema])) else { return Ok(()) };
        prop_assert_eq!(once.merged(), twice.merged());
        let config = one(&data);
        prop_assert_eq!(once.validate(&config), twice.validate(&config));
    }

    #[test]
    fn any_text_as_a_schema_never_panics(text in any::<String>(), value in value()) {
        let _ = Schema::parse("p", "p", &text);
        let _ = Schema::parse_serialized(&text);
        let _ = Schema::parse_serialized(&value.to_string());
        let _ = try_schema(&[value]);
    }
}
