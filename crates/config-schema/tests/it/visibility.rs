use std::{sync::Arc, time::Duration};

use greenroom_config::{RootConfig, Visibility};
use greenroom_config_schema::SchemaError;
use serde_json::json;

use crate::support::{config, one, schema, try_schema};

#[test]
fn config_35_backend_inside_deep_frontend_hides_with_all_below_it() {
    let schema = schema(
        json!({ "type": "object", "properties": { "a": { "type": "object", "deepVisibility": "frontend", "properties": {
        "b": { "type": "string", "visibility": "backend" },
        "d": { "type": "object", "visibility": "backend", "properties": { "shown": { "visibility": "frontend" } } },
        "l": { "type": "array", "items": { "type": "string", "visibility": "backend" } },
    } } } }),
    );
    let config = one(
        &json!({ "a": { "b": "x", "c": "1", "d": { "e": "y", "shown": "2" }, "l": ["z"], "other": [1, { "k": 2 }] } }),
    );
    let filtered = schema.filter(&config, &[Visibility::Frontend]).unwrap();
    assert_eq!(
        filtered[0].data,
        json!({ "a": { "c": "1", "d": { "shown": "2" }, "l": [], "other": [1, { "k": 2 }] } })
    );
    assert_eq!(filtered[0].filtered_keys, ["a.b", "a.d.e", "a.l[0]"]);
}

#[test]
fn keys_with_tildes_and_brackets_keep_what_is_declared_of_them() {
    let schema = schema(json!({ "properties": { "a/b": { "properties": {
        "c~d": { "visibility": "secret" }, "e['f']": { "visibility": "frontend" },
    } } } }));
    let config = one(&json!({ "a/b": { "c~d": "sesame", "e['f']": "shown" } }));
    assert_eq!(schema.secrets(&config), ["sesame"]);
    let filtered = schema.filter(&config, &[Visibility::Frontend]).unwrap();
    assert_eq!(filtered[0].data, json!({ "a/b": { "e['f']": "shown" } }));
}

#[test]
fn constraints_that_cannot_be_intersected_hold_both() {
    let text = |types: &str| json!({ "properties": { "a": { "type": types } } });
    let schema = try_schema(&[text("object"), text("array")]).unwrap();
    let SchemaError::Config(faults) = schema.validate(&one(&json!({ "a": [] }))).unwrap_err() else {
        panic!()
    };
    assert_eq!(faults, ["Config must be object { type=object } at /a"]);
}

#[test]
fn deprecated_keys_are_told_source_by_source() {
    let schema = schema(json!({ "properties": { "old": { "deprecated": "Use new." } } }));
    let config = config(&[("low.yaml", &json!({ "old": 1 })), ("high.yaml", &json!({ "new": 1 }))]);
    assert_eq!(
        schema.deprecations(&config),
        ["The configuration key 'old' of low.yaml is deprecated and may be removed soon. Use new."]
    );
}

#[test]
fn declared_secrets_are_redacted_and_hidden_and_follow_changes() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("app-config.yaml");
    std::fs::write(&file, "my: {key: sesame, url: '${URL}'}\nbackend: {cache: {connection: built-in}}")
        .unwrap();
    let mut options = greenroom_config::ConfigOptions { cwd: dir.path().to_owned(), ..Default::default() };
    options.env.insert("URL".to_owned(), "http://shown".to_owned());
    let config = RootConfig::load(&options).unwrap();
    assert_eq!(config.secrets(), ["built-in"]);
    config.declare(Arc::new(schema(json!({ "properties": { "my": { "properties": {
        "key": { "visibility": "secret" }, "url": { "visibility": "frontend" },
    } } } }))));
    assert_eq!(config.secrets(), ["sesame", "built-in"]);
    let printed = config.print(greenroom_config::Format::Flat);
    assert!(printed.contains("my.key: <secret>") && printed.contains("my.url: http://shown"), "{printed}");
    let error = config.number("my.key").unwrap_err();
    assert!(!error.to_string().contains("sesame"));

    std::fs::write(&file, "my: {key: changed-secret}").unwrap();
    let (tell, told) = std::sync::mpsc::channel();
    let reader = config.clone();
    let _subscription = config.subscribe(move || tell.send(reader.secrets()).unwrap());
    assert!(config.reload().unwrap());
    assert_eq!(told.recv_timeout(Duration::from_secs(10)).unwrap(), ["changed-secret"]);
}

#[test]
fn schemas_that_refer_to_themselves_twice_over_end() {
    let twice = json!({ "allOf": [{ "$ref": "#/definitions/d" }, { "$ref": "#/definitions/d" }, { "minLength": 1 }] });
    let also = json!({ "anyOf": [{ "$ref": "#/definitions/d" }, { "not": { "$ref": "#/definitions/d" } }], "properties": { "a": { "$ref": "#/definitions/d" }, "b": { "$ref": "#/definitions/d" } } });
    let values = [
        json!({ "definitions": { "d": twice }, "properties": { "a": { "$ref": "#/definitions/d" } } }),
        json!({ "definitions": { "d": also }, "properties": { "a": { "$ref": "#/definitions/d", "properties": { "a": {} } } } }),
    ];
    let schema = try_schema(&values).unwrap();
    let _ = schema.validate(&one(&json!({ "a": { "a": { "b": "x" } } })));
}
