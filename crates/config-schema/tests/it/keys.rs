use greenroom_config_schema::keys;
use serde_json::json;

use crate::support::{one, schema};

fn declared() -> greenroom_config_schema::ConfigSchema {
    schema(json!({ "properties": { "greenroom": { "properties": {
        "logger": { "properties": { "format": { "description": "a | b", "default": "pretty" }, "flush": {} } },
        "plugins": { "additionalProperties": { "title": "plugin", "type": "boolean", "description": "on or off", "$comment": "default: per plugin" } },
        "meta": { "type": "object", "description": "anything", "additionalProperties": true },
        "list": { "items": { "properties": { "level": { "description": "how much", "default": 2 } } } },
        "either": { "description": "text or object", "anyOf": [{ "type": "string" }, { "properties": { "host": {} } }] },
        "free": { "type": "object" },
    } } } }))
}

#[test]
fn described_keys_make_a_table() {
    assert_eq!(
        keys::table(&keys::reference(&declared())),
        "\
| key | default | meaning |
| --- | --- | --- |
| `greenroom.logger.format` | `pretty` | a \\| b |
| `greenroom.plugins.<plugin>` | per plugin | on or off |
| `greenroom.meta` | none | anything |
| `greenroom.list[].level` | 2 | how much |
| `greenroom.either` | none | text or object |
"
    );
}

#[test]
fn unknown_keys_are_told_with_their_place_and_what_was_meant() {
    let text = "greenroom:\n  loger: {format: x}\n  logger: {fromat: x, whatever: 1}\n  plugins: {any: true}\n  meta: {x: 1}\n  \
                list: [{level: 1}, {lvel: 1}]\n  either: {hots: x}\n  free: {x: 1}\nbackend: {loger: 1}\n";
    let config = greenroom_config::RootConfig::from_yaml(text).unwrap();
    let told: Vec<_> =
        keys::unknown(&[declared().merged()], &config).iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "nobody reads 'greenroom.loger', did you mean 'greenroom.logger'? (mock-config:2:3)",
            "nobody reads 'greenroom.logger.fromat', did you mean 'greenroom.logger.format'? (mock-config:3:20)",
            "nobody reads 'greenroom.logger.whatever', known there are 'flush', 'format' (mock-config:3:33)",
            "nobody reads 'greenroom.list[1].lvel', did you mean 'greenroom.list[1].level'? (mock-config:6:29)",
            "nobody reads 'greenroom.either.hots', did you mean 'greenroom.either.host'? (mock-config:7:18)",
            "nobody reads 'backend', known there are 'greenroom' (mock-config:9:1)",
        ]
    );
    assert_eq!(keys::unknown(&[declared().merged()], &one(&json!({ "greenroom": 1 }))), []);
}

#[test]
fn what_one_of_several_schemas_declares_is_known() {
    let logger =
        |members: serde_json::Value| json!({ "properties": { "logger": { "properties": members } } });
    let (ours, theirs) =
        (logger(json!({ "format": {}, "list": { "items": logger(json!({ "a": {} })) } })), {
            let mut theirs = logger(json!({ "level": {}, "list": { "items": logger(json!({ "b": {} })) } }));
            theirs["properties"]["open"] =
                json!({ "additionalProperties": { "properties": { "host": {} } } });
            theirs
        });
    let unknown = |config| -> Vec<_> {
        keys::unknown(&[&ours, &theirs], &one(&config)).into_iter().map(|unknown| unknown.key).collect()
    };
    let known = json!({ "format": 1, "level": 1, "list": [{ "logger": { "a": 1, "b": 1 } }] });
    assert_eq!(unknown(json!({ "logger": known, "open": { "x": { "host": 1 } } })), Vec::<String>::new());
    let slips = json!({ "fromat": 1, "list": [{ "logger": { "c": 1 } }] });
    assert_eq!(
        unknown(json!({ "logger": slips, "open": { "x": { "hots": 1 } } })),
        ["logger.fromat", "logger.list[0].logger.c", "open.x.hots"]
    );
    // Where one of them takes no other name, none is taken.
    let open = json!({ "properties": { "at": {} }, "additionalProperties": false });
    let closed = json!({ "properties": { "open": open } });
    let told =
        keys::unknown(&[&theirs, &closed], &one(&json!({ "open": { "at": 1, "other": { "host": 1 } } })));
    assert_eq!(told.into_iter().map(|unknown| unknown.key).collect::<Vec<_>>(), ["open.other"]);
}

#[test]
fn a_key_that_a_schema_wants_and_a_variable_took_away_names_the_variable() {
    let wanted = schema(json!({ "properties": { "tasks": { "required": ["token"], "type": "object" } } }));
    let config = one(&json!({ "tasks": { "token": "${CI_TOKEN}" } }));
    let faults: Vec<_> = wanted.faults(&config).iter().map(ToString::to_string).collect();
    let [fault] = &faults[..] else { panic!("{faults:?}") };
    assert!(fault.contains("must have required property 'token'"), "{fault}");
    assert!(fault.ends_with(", because the variable CI_TOKEN is not set (app-config.yaml:1:19)"), "{fault}");
}
