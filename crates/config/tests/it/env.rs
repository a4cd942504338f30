use serde_json::json;

use crate::support::{World, whole, yaml};

#[test]
fn config_16_values_are_json_or_text() {
    let world = yaml("a: {low: 1}")
        .env("APP_CONFIG_a_x", "7")
        .env("APP_CONFIG_a_q", "false")
        .env("APP_CONFIG_a_str", "\"false\"")
        .env("APP_CONFIG_bad", "{oops")
        .env("APP_CONFIG_not", "${HOME}")
        .env("APP_CONFIG_empty", "");
    let expected = json!({
        "a": {"x": 7, "q": false, "str": "false", "low": 1}, "bad": "{oops", "not": "${HOME}"
    });
    assert_eq!(whole(&world.load()), expected);
    assert!(world.load().sources_description().ends_with("EnvConfigSource{count=6}}"));
}

#[test]
fn config_17_errors() {
    let fails = |pairs: &[(&str, &str)]| {
        pairs.iter().fold(yaml("{}"), |world, (name, value)| world.env(name, value)).fails()
    };
    let all = [
        fails(&[("APP_CONFIG_a", "null")]),
        fails(&[("APP_CONFIG__a", "1")]),
        fails(&[("APP_CONFIG_a", "1"), ("APP_CONFIG_a_b", "2")]),
        fails(&[("APP_CONFIG_a_b", "2"), ("APP_CONFIG_a", "1")]),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    TypeError: Failed to parse JSON-serialized config value for key 'a', Error: value may not be null (environment variable APP_CONFIG_a)
    TypeError: Invalid env config key '_a' (environment variable APP_CONFIG__a)
    TypeError: Could not nest config for key 'a_b' under existing value 'a' (environment variable APP_CONFIG_a_b)
    TypeError: Refusing to override existing config at key 'a' (environment variable APP_CONFIG_a)
    ");
}

#[test]
fn an_object_and_a_nested_variable_combine() {
    let world = World::new()
        .file("app-config.yaml", "")
        .env("APP_CONFIG_a", r#"{"x":{"y":1}}"#)
        .env("APP_CONFIG_a_x_z", "2");
    assert_eq!(whole(&world.load()), json!({"a": {"x": {"y": 1, "z": 2}}}));
    assert_eq!(world.load().place("a.x.z").unwrap().to_string(), "environment variable APP_CONFIG_a_x_z");
}
