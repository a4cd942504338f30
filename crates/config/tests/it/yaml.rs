use greenroom_config::RootConfig;
use serde_json::json;

use crate::support::{whole, yaml};

fn parsed(text: &str) -> serde_json::Value {
    whole(&RootConfig::from_yaml(text).unwrap())
}

fn refused(text: &str) -> String {
    RootConfig::from_yaml(text).unwrap_err().message().to_owned()
}

#[test]
fn config_15_yaml_is_1_2_core() {
    let text = "a: yes\nb: on\nc: 0o14\nd: 012\ne: 1_000\nf: 2020-01-01\ng: ~\n<<: {z: 1}\n";
    let expected = json!({
        "a": "yes", "b": "on", "c": 12, "d": 12, "e": "1_000", "f": "2020-01-01", "<<": {"z": 1}
    });
    assert_eq!(parsed(text), expected);
}

#[test]
fn scalars_as_npm_yaml_reads_them() {
    let text = "a: 0x1F\nb: .5\nc: 1.\nd: +1\ne: 1e3\nf: -012\ng: 0b1\nh: 0O7\ni: True\nj: tRue\nk: -0x1\nl: 0x\n\
                m: .\nn: '5'\no: !!str 5\np: !foo 5\nq: e5\nr: '-'\ns: \"\"\nt: 1e400\nu: -0\nv: --1\nw: .e5\n";
    let expected = json!({
        "a": 31, "b": 0.5, "c": 1, "d": 1, "e": 1000, "f": -12, "g": "0b1", "h": "0O7", "i": true, "j": "tRue",
        "k": "-0x1", "l": "0x", "m": ".", "n": "5", "o": "5", "p": "5", "q": "e5", "r": "-", "s": "", "u": 0,
        "v": "--1", "w": ".e5", "t": null
    });
    assert_eq!(parsed(text), expected);
}

#[test]
fn keys_become_strings() {
    assert_eq!(
        parsed("1.0: a\ntrue: b\nnull: c\nz: d\n").to_string(),
        r#"{"1":"a","true":"b","":"c","z":"d"}"#
    );
    // JavaScript puts keys that look like indices first.
    assert_eq!(parsed("b: 1\n10: 2\n9: 3\n").to_string(), r#"{"9":3,"10":2,"b":1}"#);
}

#[test]
fn blanks_at_the_end_of_the_file_are_no_text() {
    assert_eq!(parsed("a: |\n  x\n  "), json!({"a": "x\n"}));
    assert_eq!(parsed("a: |\n  x"), json!({"a": "x\n"}));
    assert_eq!(parsed("a: |-\n  x\n \n"), json!({"a": "x"}));
}

#[test]
fn anchors_and_aliases() {
    assert_eq!(
        parsed("a: &x {b: [1]}\nc: *x\nd: &x 2\ne: *x"),
        json!({"a": {"b": [1]}, "c": {"b": [1]}, "d": 2, "e": 2})
    );
}

#[test]
fn refused_documents() {
    let all: Vec<String> = [
        "a: 1\nb: 2\na: 3\n",
        "a: 1\n---\nb: 2\n",
        "a: [1\n",
        "a: *no\n",
        "a: &x {b: *x}\n",
        "[a]: 1\n",
        "a: !!int x\n",
        "a: \"\\q\"\n",
        "a: b: c\n",
        "- 1\n",
        "text\n",
    ]
    .map(refused)
    .into();
    insta::assert_snapshot!(all.join("\n"), @r"
    Map keys must be unique at line 3, column 1
    Source contains multiple documents at line 2, column 1
    while parsing a flow sequence, expected ',' or ']' at line 2, column 1
    while parsing node, found unknown anchor at line 1, column 4
    An alias inside its own anchor at line 1, column 11
    Map keys must be scalars at line 1, column 1
    The value is not what its tag demands at line 1, column 4
    while parsing a quoted scalar, found unknown escape character at line 1, column 4
    mapping values are not allowed in this context at line 1, column 5
    expected object at config root
    expected object at config root
    ");
}

#[test]
fn aliases_do_not_expand_without_end() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let refs = vec![format!("*a{}", n - 1); 10].join(", ");
        text.push_str(&format!("a{n}: &a{n} [{refs}]\n"));
    }
    assert_eq!(
        refused(&text),
        "Excessive alias count indicates a resource exhaustion attack at line 5, column 45"
    );
}

#[test]
fn nesting_has_a_limit() {
    let text = format!("a: {}{}", "[".repeat(200), "]".repeat(200));
    assert!(refused(&text).starts_with("Nested deeper than 128 levels"), "{}", refused(&text));
    let text = (0..200).map(|n| format!("{}a:\n", " ".repeat(n))).collect::<String>();
    assert!(refused(&text).starts_with("Nested deeper than 128 levels"));
}

#[test]
fn a_byte_order_mark_and_windows_lines() {
    let config = yaml("\u{feff}a: 1\r\nb:\r\n  c: 5\r\n").load();
    assert_eq!(whole(&config), json!({"a": 1, "b": {"c": 5}}));
    assert_eq!(config.place("b.c").unwrap().to_string(), "app-config.yaml:3:6");
    assert_eq!(config.place("b").unwrap().to_string(), "app-config.yaml:2:1");
}
