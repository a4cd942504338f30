//! Nothing that is written in a config file may bring the process down.

use greenroom_config::{Format, RootConfig};
use proptest::prelude::*;
use serde_json::{Map, Value as Json};

use crate::support::{World, rendered};

fn json() -> impl Strategy<Value = Json> {
    let key =
        prop_oneof![Just("a".to_owned()), Just("b".to_owned()), Just("$file".to_owned()), "[a-z/$]{0,3}"];
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<i32>().prop_map(Json::from),
        "[a${}:\\- ]{0,8}".prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((key.clone(), inner), 0..4)
                .prop_map(|kv| Json::from(kv.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Text that looks enough like YAML to get past the first line.
fn yamlish() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "a",
        "b",
        ": ",
        ":",
        "- ",
        "\n",
        "\n  ",
        "\r\n",
        "{",
        "}",
        "[",
        "]",
        ", ",
        "&x ",
        "*x",
        "!!int ",
        "!t ",
        "'",
        "\"",
        "|\n",
        ">\n",
        "#",
        "? ",
        "---\n",
        "...\n",
        "%YAML 1.1\n",
        "0x1",
        "~",
        "\t",
        "${A}",
        "$$",
        "é",
        "\u{feff}",
        "\\",
        "<<",
        "\u{0}",
        "\u{85}",
        "\u{2028}",
        "@",
        "`",
    ]);
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn read_all(config: &RootConfig) {
    for key in ["", "a", "a.b", "b.a", "a.b.a", "$file", "a[0]", "x"] {
        let _ = (config.string(key), config.number(key), config.boolean(key), config.string_array(key));
        let _ = (config.get(key), config.has(key), config.optional_duration(key), config.place(key));
        if let Ok(view) = config.config(key) {
            let _ = (view.keys(), view.string("a"), view.full_key("a"));
        }
        for element in config.config_array(key).unwrap_or_default() {
            let _ = (element.keys(), element.string("a").map_err(|error| rendered(&error)));
        }
        let _ = config.string(key).map_err(|error| rendered(&error));
    }
    for format in [Format::Flat, Format::Yaml, Format::YamlWithPlaces, Format::Json] {
        let _ = config.print(format);
    }
    let _ = config.secrets();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn yaml_never_panics(text in yamlish()) {
        match RootConfig::from_yaml(&text) {
            Ok(config) => read_all(&config),
            Err(error) => drop(rendered(&error)),
        }
    }

    #[test]
    fn any_text_never_panics(text in any::<String>()) {
        let _ = RootConfig::from_yaml(&text).map_err(|error| rendered(&error));
    }

    #[test]
    fn readers_never_panic(json in json()) {
        if let Ok(config) = RootConfig::from_json(json) {
            read_all(&config);
        }
    }

    #[test]
    fn durations_never_panic(text in "P?[-0-9.,TYMWDHS a-z]{0,12}") {
        let config = RootConfig::from_json(serde_json::json!({ "a": text })).unwrap();
        let _ = config.optional_duration("a");
    }

    /// The tree that YAML gives for a JSON text is the one that JSON gives.
    #[test]
    fn json_read_as_yaml_is_the_same(json in json()) {
        prop_assume!(json.is_object());
        let text = serde_json::to_string_pretty(&json).unwrap();
        prop_assume!(!text.contains(['\u{feff}', '\u{7f}', '\u{85}', '\u{2028}', '\u{2029}', '\u{fffe}', '\u{ffff}']));
        let yaml = RootConfig::from_yaml(&text).unwrap();
        prop_assert_eq!(yaml.get("").unwrap(), RootConfig::from_json(json).unwrap().get("").unwrap());
    }

    /// A config over itself is itself.
    #[test]
    fn merging_is_idempotent(json in json()) {
        prop_assume!(json.is_object());
        let text = json.to_string().replace('$', "_");
        let world = World::new().file("a.yaml", "$include: a.json").file("a.json", &text);
        let once = world.args(&["--config", "a.yaml"]);
        let first = once.load().get("").unwrap();
        let twice = once.args(&["--config", "a.yaml", "--config", "a.yaml"]);
        prop_assert_eq!(first, twice.load().get("").unwrap());
    }

    /// Loading with includes and variables, from whatever is written.
    #[test]
    fn loading_never_panics(json in json(), variable in any::<String>()) {
        let world = World::new()
            .file("app-config.yaml", &json.to_string())
            .file("a", "text")
            .env("a", &variable)
            .env("APP_CONFIG_a", &variable)
            .env(&format!("APP_CONFIG_{variable}"), "1");
        match world.try_load() {
            Ok(config) => read_all(&config),
            Err(error) => drop(rendered(&error)),
        }
    }

    /// Text without `${` is untouched; what an escape protects comes out literally.
    #[test]
    fn substitution_leaves_other_text_alone(text in "[a-z{}$ ]{0,12}") {
        prop_assume!(!text.contains("${"));
        let config = World::new()
            .file("app-config.yaml", &serde_json::json!({ "a": text, "b": format!("{}$${{x}}", text.trim_end_matches('$')) }).to_string())
            .load();
        prop_assert_eq!(config.get("a").unwrap(), Json::from(text.clone()));
        prop_assert_eq!(config.get("b").unwrap(), Json::from(format!("{}${{x}}", text.trim_end_matches('$'))));
    }
}
