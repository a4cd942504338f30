use greenroom_config::{RootConfig, Value};
use greenroom_js::number;
use serde_json::{Value as Json, json};

use crate::support::{rendered, whole, yaml};

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

/// Read by npm's `yaml` 2.9.1, which Backstage's config loader has.
fn recorded() -> Json {
    serde_json::from_str(include_str!("recorded/yaml.json")).unwrap()
}

/// The value of `a`, as `typeof a` and `String(a)`.
fn said(text: &str) -> String {
    let config = RootConfig::from_yaml(text).unwrap();
    let (_, root) = config.layers().remove(0);
    let Value::Object(object) = root.value else { panic!("{text}") };
    match &object["a"].value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => format!("boolean {b}"),
        Value::Number(n) => format!("number {}", number::to_string(*n)),
        Value::String(s) => format!("string {s}"),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn config_41_scalars_of_both_versions() {
    let mut count = 0;
    for (version, scalars) in recorded()["scalars"].as_object().unwrap() {
        for (scalar, value) in scalars.as_object().unwrap() {
            let text = format!("%YAML {version}\n---\na: {scalar}\n");
            assert_eq!(said(&text), value.as_str().unwrap(), "{text}");
            count += 1;
        }
    }
    assert!(count > 400, "{count}");
}

#[test]
fn config_41_directives_and_merge_keys() {
    for case in recorded()["documents"].as_array().unwrap() {
        let text = case["yaml"].as_str().unwrap();
        // Loading drops the mark and what is null.
        let read = RootConfig::from_yaml(text.trim_start_matches('\u{feff}'));
        match (read, case["error"].as_str()) {
            (Ok(config), None) => {
                assert_eq!(config.layers()[0].1.to_json().to_string(), case["value"].to_string(), "{text}");
            }
            (Err(error), Some(message)) => assert!(error.message().starts_with(message), "{text}: {error}"),
            (read, expected) => panic!("{text}: {read:?}, {expected:?}"),
        }
    }
}

#[test]
fn dates_of_yaml_1_1_stay_text() {
    assert_eq!(said("%YAML 1.1\n---\na: 2020-01-01\n"), "string 2020-01-01");
}

/// What refuses a text: its kind, its place, what to do.
fn box_of(text: &str) -> String {
    rendered(&RootConfig::from_yaml(text).unwrap_err())
}

#[test]
fn aliases_do_not_expand_without_end() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for n in 1..12 {
        let refs = vec![format!("*a{}", n - 1); 10].join(", ");
        text.push_str(&format!("a{n}: &a{n} [{refs}]\n"));
    }
    let refused = refused(&text);
    assert!(refused.starts_with("Aliases take more than 16 MiB of memory at line 5, column "), "{refused}");
}

#[test]
fn aliases_are_bounded_by_the_text_they_repeat() {
    let repeated = format!("a: &a {}\nb:\n{}", "x".repeat(500_000), "- *a\n".repeat(100_000));
    insta::assert_snapshot!(box_of(&repeated), @r"
     × Aliases take more than 16 MiB of memory at line 35, column 3 (mock-config:35:3)
       ╭─[mock-config:35:3]
    35 │ - *a
       ·   ──
       ╰────
     help: an alias is a copy of all that its anchor holds: anchor less, or repeat it less often
    ");
    // Anchors within anchors are copies, too.
    let anchors: String = (0..100).map(|n| format!("&a{n} [")).collect();
    let nested = format!("a: {anchors}{}{}\n", "1,".repeat(200_000), "]".repeat(100));
    assert!(refused(&nested).starts_with("Aliases take more than 16 MiB"), "{}", refused(&nested));
}

#[test]
fn a_tab_is_told_where_it_stands() {
    for (text, told) in [
        ("a:\n\tb: 1\n", "Tabs are not allowed as indentation at line 2, column 1"),
        ("a:\n  b: 1\n\tc: 2\n", "Tabs are not allowed as indentation at line 3, column 1"),
        ("a: 1\n\n\t# why\n\tb: 2\n", "Tabs are not allowed as indentation at line 4, column 1"),
        ("a:\n  - x\n \t - y\n", "Tabs are not allowed as indentation at line 3, column 2"),
        ("a:\r\n  b: x\r\n\ty\r\n", "Tabs are not allowed as indentation at line 3, column 1"),
        ("a: |\n\tb\n", "Tabs are not allowed as indentation at line 2, column 1"),
        ("-\t- a\n", "A tab stands where a space must at line 1, column 2"),
    ] {
        assert_eq!(refused(text), told, "{text:?}");
    }
    insta::assert_snapshot!(box_of("a:\n  b: 1\n\tc: 2\n"), @r"
     × Tabs are not allowed as indentation at line 3, column 1 (mock-config:3:1)
      ╭─[mock-config:3:1]
    3 │     c: 2
      · ────
      ╰────
     help: write spaces in place of the tab
    ");
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

#[test]
fn a_merge_key_without_its_version_is_told_with_what_to_write() {
    let config = yaml("base: &b {x: 1}\na:\n  <<: *b\n  i: {$include: other.yaml}\nb: {'<<': text}\n")
        .file("other.yaml", "c:\n  - <<: {y: 1}\n")
        .load();
    let what =
        "is a key like any other: to have it merged, begin the file with the two lines `%YAML 1.1` and `---`";
    assert_eq!(
        config.warnings(),
        [format!("'a.<<' {what} (app-config.yaml:3:3)"), format!("'a.i.c[0].<<' {what} (other.yaml:2:5)"),]
    );
    let merged = yaml("%YAML 1.1\n---\nbase: &b {x: 1}\na: {<<: *b, z: on}\n").load();
    assert_eq!(merged.get("a").unwrap(), json!({"x": 1, "z": true}));
    assert_eq!(merged.warnings(), [""; 0]);
    assert_eq!(merged.place("a.x").unwrap().to_string(), "app-config.yaml:3:14");
}

/// Whoever copies one must not have to mend it.
#[test]
fn each_yaml_that_a_document_shows_can_be_read() {
    let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");
    let mut read = vec![];
    for entry in std::fs::read_dir(docs).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "md") {
            continue;
        }
        let page = std::fs::read_to_string(&path).unwrap();
        let mut lines = page.lines();
        while let Some(fence) = lines.find(|line| line.trim_start() == "```yaml") {
            let indent = fence.len() - fence.trim_start().len();
            let inside = lines.by_ref().take_while(|line| line.trim() != "```");
            let text: String =
                inside.map(|line| line.get(indent..).unwrap_or_default().to_owned() + "\n").collect();
            if let Err(error) = RootConfig::from_yaml(&text) {
                panic!("{}: {}\n{text}", path.display(), error.message());
            }
            read.push(path.clone());
        }
    }
    for page in ["traces.md", "metrics.md", "health.md", "operating.md"] {
        assert!(read.iter().any(|path| path.ends_with(page)), "{page} shows none");
    }
}
