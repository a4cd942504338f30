use crate::support::yaml;

#[test]
fn the_place_is_that_of_the_value_that_counts() {
    let world =
        yaml("a: {b: 1, c: 2}\nd: [{e: 1}]\nn: 1\n").file("app-config.local.yaml", "\na:\n  b: 3\nn: null\n");
    let config = world.load();
    let place = |key: &str| config.place(key).map(|place| place.to_string());
    assert_eq!(place("a.b").as_deref(), Some("app-config.local.yaml:3:6"));
    assert_eq!(place("a.c").as_deref(), Some("app-config.yaml:1:14"));
    assert_eq!(place("a").as_deref(), Some("app-config.local.yaml:2:1"));
    assert_eq!(place("d[0].e").as_deref(), Some("app-config.yaml:2:9"));
    assert_eq!(place("d[1].e"), None);
    assert_eq!(place("a.b.c"), None);
    let view = config.config("a").unwrap();
    assert_eq!(view.place("c").unwrap().to_string(), "app-config.yaml:1:14");
    let element = &config.config_array("d").unwrap()[0];
    assert_eq!(element.place("e").unwrap().line, 2);
}

#[test]
fn columns_count_characters() {
    let config = yaml("über: {ß: 'ü', c: 5}\n").load();
    let node = config.optional_node("").unwrap().unwrap();
    let greenroom_config::Value::Object(root) = &node.value else { panic!("{node:?}") };
    let greenroom_config::Value::Object(inner) = &root["über"].value else { panic!("{root:?}") };
    assert_eq!(inner["c"].place().column, 19);
}
