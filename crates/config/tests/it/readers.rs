use greenroom_config::{ConfigError, RootConfig};
use serde_json::json;

use crate::support::{World, yaml};

fn config(json: serde_json::Value) -> RootConfig {
    RootConfig::from_json(json).unwrap()
}

fn text(result: Result<impl std::fmt::Debug, ConfigError>) -> String {
    let error = result.unwrap_err();
    format!("{}: {}", error.name(), error.message())
}

#[test]
fn config_22_numbers() {
    let config = config(
        json!({"a": "", "b": "0x10", "c": "4x", "d": true, "e": " 7 ", "f": "inf", "g": 1.5, "h": "1e400", "i": " "}),
    );
    assert_eq!(config.number("b").unwrap(), 16.0);
    assert_eq!(config.number("e").unwrap(), 7.0);
    assert_eq!(config.number("g").unwrap(), 1.5);
    let all = ["a", "c", "d", "f", "h", "i"].map(|key| text(config.number(key)));
    insta::assert_snapshot!(all.join("\n"), @r"
    Error: Unable to convert config value for key 'a' in 'mock-config' to a number
    Error: Unable to convert config value for key 'c' in 'mock-config' to a number
    TypeError: Invalid type in config for key 'd' in 'mock-config', got boolean, wanted number
    Error: Unable to convert config value for key 'f' in 'mock-config' to a number
    Error: Unable to convert config value for key 'h' in 'mock-config' to a number
    Error: Unable to convert config value for key 'i' in 'mock-config' to a number
    ");
}

#[test]
fn a_whole_number_is_within_its_bounds_or_refused() {
    let config = config(json!({"a": 300, "b": 1.5, "c": -1, "d": 1e300, "e": "0x1F", "f": "many"}));
    assert_eq!(config.integer::<i8>("c", -2..=2).unwrap(), -1);
    assert_eq!(config.integer::<u16>("a", 0..=300).unwrap(), 300);
    assert_eq!(config.integer::<usize>("e", 31..=31).unwrap(), 31);
    assert_eq!(config.optional_integer::<u8>("none", 1..=2).unwrap(), None);
    for (key, told) in [("a", "300"), ("b", "1.5"), ("c", "-1"), ("d", "1e+300")] {
        let expected =
            format!("Invalid number {told} in config at '{key}', expected a whole number from 0 to 255");
        assert!(text(config.integer::<u8>(key, 0..=255)).contains(&expected), "{key}");
    }
    let all = RootConfig::from_yaml("a: {n: .nan, i: .inf}").unwrap().config("a").unwrap();
    assert!(text(all.integer::<u64>("n", 0..=u64::MAX)).contains("'a.n'"));
    assert!(text(all.integer::<u64>("i", 0..=u64::MAX)).contains("'a.i'"));
    assert!(text(config.integer::<u8>("f", 0..=9)).contains("Unable to convert"));
    assert!(text(config.integer::<u8>("none", 0..=9)).contains("Missing required config value at 'none'"));
}

#[test]
fn config_23_booleans() {
    let config =
        config(json!({"a": "Off", "b": 1, "c": " true ", "d": 2, "e": "maybe", "f": [], "g": "Y", "h": 0.0}));
    assert!(!config.boolean("a").unwrap());
    assert!(config.boolean("b").unwrap());
    assert!(config.boolean("c").unwrap());
    assert!(config.boolean("g").unwrap());
    assert!(!config.boolean("h").unwrap());
    let all = ["d", "e", "f"].map(|key| text(config.boolean(key)));
    insta::assert_snapshot!(all.join("\n"), @r"
    Error: Unable to convert config value for key 'd' in 'mock-config' to a boolean
    Error: Unable to convert config value for key 'e' in 'mock-config' to a boolean
    TypeError: Invalid type in config for key 'f' in 'mock-config', got array, wanted boolean
    ");
}

#[test]
fn config_24_strings() {
    let config = config(json!({"a": "", "b": 5, "c": null, "d": {"x": 1}}));
    let all = ["a", "b", "c", "d", "d.x.y", "1a", "a..b", "a b"].map(|key| text(config.string(key)));
    insta::assert_snapshot!(all.join("\n"), @r"
    TypeError: Invalid type in config for key 'a' in 'mock-config', got empty-string, wanted string
    TypeError: Invalid type in config for key 'b' in 'mock-config', got number, wanted string
    Error: Missing required config value at 'c' in 'mock-config'
    TypeError: Invalid type in config for key 'd' in 'mock-config', got object, wanted string
    TypeError: Invalid type in config for key 'd.x' in 'mock-config', got number, wanted object
    TypeError: Invalid config key '1a'
    TypeError: Invalid config key 'a..b'
    TypeError: Invalid config key 'a b'
    ");
    assert_eq!(config.optional_string("c").unwrap(), None);
    assert_eq!(config.optional_string("c.d").unwrap(), None);
}

#[test]
fn config_25_arrays() {
    let config = config(json!({"arr": ["a", ""], "s": "a", "o": [{"a": 1}, 2], "ok": ["a", "b"]}));
    assert_eq!(config.string_array("ok").unwrap(), ["a", "b"]);
    assert_eq!(config.optional_string_array("none").unwrap(), None);
    assert!(config.optional_config_array("none").unwrap().is_none());
    let all =
        [text(config.string_array("arr")), text(config.string_array("s")), text(config.config_array("o"))];
    insta::assert_snapshot!(all.join("\n"), @r"
    TypeError: Invalid type in config for key 'arr[1]' in 'mock-config', got empty-string, wanted string-array
    TypeError: Invalid type in config for key 's' in 'mock-config', got string, wanted string-array
    TypeError: Invalid type in config for key 'o[1]' in 'mock-config', got number, wanted object-array
    ");
}

#[test]
fn config_26_errors_name_the_source() {
    let world = World::new()
        .file("low.yaml", "a: 5\nb: {c: x}\n")
        .file("high.yaml", "z: 1\nb: {d: 1}\n")
        .args(&["--config", "low.yaml", "--config", "high.yaml"]);
    let config = world.load();
    let all = [
        text(config.string("a")),
        text(config.string("q")),
        text(config.config("b").unwrap().number("c")),
        text(config.config("b").unwrap().number("e")),
    ];
    insta::assert_snapshot!(all.join("\n"), @r"
    TypeError: Invalid type in config for key 'a' in 'low.yaml', got number, wanted string
    Error: Missing required config value at 'q' in 'high.yaml'
    Error: Unable to convert config value for key 'b.c' in 'low.yaml' to a number
    Error: Missing required config value at 'b.e' in 'high.yaml'
    ");
}

#[test]
fn a_view_of_a_missing_part() {
    // Of files it is live: the error comes at the first read.
    let live = yaml("a: 1").load();
    let view = live.config("auth.guest").unwrap();
    assert_eq!(view.optional_string("x").unwrap(), None);
    assert!(!view.has("x").unwrap());
    assert!(view.keys().is_empty());
    assert_eq!(
        text(view.string("x")),
        "Error: Missing required config value at 'auth.guest' in 'app-config.yaml'"
    );
    assert!(live.optional_config("auth.guest").unwrap().is_none());
    // A plain one fails at once.
    assert_eq!(
        text(config(json!({})).config("auth.guest")),
        "Error: Missing required config value at 'auth.guest' in 'mock-config'"
    );
}

#[test]
fn views_know_their_keys() {
    let config = config(json!({"a": {"b": {"c": [{"d": 5}]}}}));
    let view = config.config("a").unwrap().config("b").unwrap();
    assert_eq!(view.full_key("c"), "a.b.c");
    let element = &view.config_array("c").unwrap()[0];
    assert_eq!(element.full_key("d"), "a.b.c[0].d");
    assert_eq!(
        text(element.string("d")),
        "TypeError: Invalid type in config for key 'a.b.c[0].d' in 'mock-config', got number, wanted string"
    );
    assert_eq!(view.get("").unwrap(), json!({"c": [{"d": 5}]}));
}

#[test]
fn has_tells_a_wrong_path() {
    let config = config(json!({"num": 1, "o": {}}));
    assert!(config.has("o").unwrap());
    assert!(!config.has("o.x").unwrap());
    assert!(text(config.has("num.x")).contains("for key 'num' in 'mock-config', got number, wanted object"));
}
