//! Declaring in a config, more than once, and faults that point at their value.

use std::fs;

use greenroom_config::{ConfigOptions, RootConfig};
use greenroom_config_schema::{ConfigSchema, Schema, keys};
use serde_json::{Value as Json, json};

use crate::support::schema;

fn own(package: &str, value: Json) -> Schema {
    Schema { package: package.to_owned(), path: "config.schema.json".to_owned(), value }
}

fn secret(key: &str) -> Json {
    json!({ "properties": { key: { "type": "string", "visibility": "secret" } } })
}

#[test]
fn what_is_declared_later_adds_to_what_was_and_nothing_is_declared_twice() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("app-config.yaml"), "a: secret-a\nb: secret-b\nc: secret-c\n").unwrap();
    let found = json!({ "backstageConfigSchemaVersion": 1, "schemas": [{ "value": secret("c") }] });
    fs::write(dir.path().join(".config-schema.json"), found.to_string()).unwrap();
    let options = ConfigOptions { cwd: dir.path().to_owned(), ..ConfigOptions::default() };
    let config = RootConfig::load(&options).unwrap();

    assert!(ConfigSchema::declare(&config, vec![own("a", secret("a"))]).unwrap());
    assert_eq!(config.secrets(), ["secret-a", "secret-c"]);
    // What was found is looked for once.
    fs::remove_file(dir.path().join(".config-schema.json")).unwrap();
    assert!(ConfigSchema::declare(&config, vec![own("a", secret("a")), own("b", secret("b"))]).unwrap());
    assert_eq!(config.secrets(), ["secret-a", "secret-b", "secret-c"]);
    assert!(!ConfigSchema::declare(&config, vec![own("b", secret("b"))]).unwrap());

    let clash = json!({ "properties": { "a": { "deepVisibility": "frontend" } } });
    assert!(ConfigSchema::declare(&config, vec![own("x", clash)]).is_err());
    assert_eq!(config.secrets().len(), 3);
}

#[test]
fn faults_point_at_their_values() {
    let schema = schema(json!({ "properties": { "tasks": {
        "required": ["token"],
        "properties": {
            "workers": { "type": "number" },
            "kinds": { "items": { "properties": { "name": { "enum": ["echo"] } } } },
        },
    } } }));
    let text = "tasks:\n  workers: many\n  kinds:\n    - name: echo\n    - name: ehco\n";
    let faults = schema.faults(&RootConfig::from_yaml(text).unwrap());
    let told: Vec<_> = faults.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "Config validation failed, Config must have required property 'token' { missingProperty=token } at /tasks (mock-config:1:1)",
            "Config validation failed, Config must be number { type=number } at /tasks/workers (mock-config:2:12)",
            "Config validation failed, Config must be equal to one of the allowed values { allowedValues=echo } at /tasks/kinds/1/name (mock-config:5:13)",
        ]
    );
}

#[test]
fn what_nobody_else_declares_is_a_section_of_its_own() {
    let mine = schema(json!({ "properties": {
        "tasks": { "properties": { "workers": {} } },
        "backend": { "properties": { "tasks": { "properties": { "x": {} } }, "baseUrl": {} } },
    } }));
    let others = own("others", json!({ "properties": { "backend": { "properties": { "baseUrl": {} } } } }));
    assert_eq!(keys::sections(&mine, &[others]), ["tasks", "backend.tasks"]);
}
