use serde_json::json;

use crate::support::{World, whole, yaml};

#[test]
fn config_1_objects_merge_and_arrays_replace() {
    let world = World::new()
        .file("a.yaml", "a: {x: 1, y: [1, 2]}")
        .file("b.yaml", "a: {y: [3], w: 2}")
        .args(&["--config", "a.yaml", "--config=b.yaml"]);
    let config = world.load();
    // Higher keys come first.
    assert_eq!(whole(&config).to_string(), r#"{"a":{"y":[3],"w":2,"x":1}}"#);
    assert_eq!(config.config("a").unwrap().keys(), ["y", "w", "x"]);
}

#[test]
fn config_2_nothing_below_a_null_is_seen() {
    let world = World::new()
        .file("n1.yaml", "a: {b: {c: 1}}")
        .file("n2.yaml", "a: {b: null}")
        .file("n3.yaml", "a: {b: {d: 2}}")
        .args(&["--config", "n1.yaml", "--config", "n2.yaml", "--config", "n3.yaml"]);
    let config = world.load();
    assert_eq!(config.get("a.b").unwrap(), json!({"d": 2}));
    assert_eq!(config.config("a.b").unwrap().optional_number("c").unwrap(), None);
}

#[test]
fn config_3_null_hides_lower_values_and_is_absent() {
    let world = yaml("n: {k: 1}\nm: 1").file("app-config.local.yaml", "n: null");
    let config = world.load();
    assert!(!config.has("n").unwrap());
    assert_eq!(config.keys(), ["m"]);
    assert_eq!(whole(&config), json!({"m": 1}));
    assert_eq!(config.optional_get("n.k").unwrap(), None);
    assert!(config.optional_config("n").unwrap().is_none());
}

#[test]
fn a_scalar_over_an_object_hides_it_and_an_object_a_scalar() {
    let world = yaml("a: {x: 1}\nb: 1").file("app-config.local.yaml", "a: 5\nb: {y: 2}");
    assert_eq!(whole(&world.load()), json!({"a": 5, "b": {"y": 2}}));
}

#[test]
fn elements_of_arrays_have_no_fallback() {
    let world = yaml("l: [{a: 1, b: 2}]").file("app-config.local.yaml", "l: [{a: 3}]");
    let list = world.load().config_array("l").unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].number("a").unwrap(), 3.0);
    let error = list[0].number("b").unwrap_err();
    assert_eq!(error.message(), "Missing required config value at 'l[0].b' in 'app-config.local.yaml'");
}

#[test]
fn nulls_inside_arrays_stay() {
    assert_eq!(whole(&yaml("a: [1, null, {b: null}]").load()), json!({"a": [1, null, {"b": null}]}));
}
