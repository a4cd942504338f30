use serde_json::json;

use crate::support::{World, rendered, whole, yaml};

fn included() -> World {
    World::new()
        .file("sub/i.yaml", "a: {b: 'val-${FOO}', c: {$file: ./y.txt}}")
        .file("sub/y.txt", "why\n")
        .env("FOO", "foo")
}

#[test]
fn config_4_variables_are_trimmed() {
    let world = yaml("v: ${FOO}\nw: pre-${ FOO }-post\nn: ${NUM}").env("FOO", "  foo ").env("NUM", "42");
    assert_eq!(whole(&world.load()), json!({"v": "foo", "w": "pre-foo-post", "n": "42"}));
}

#[test]
fn config_5_an_unset_variable_removes_the_value() {
    let world = yaml("y: a${MISS}b\narr: [1, '${MISS}', 3]\n'${MISS}': key");
    assert_eq!(whole(&world.load()), json!({"arr": [1, 3], "${MISS}": "key"}));
}

#[test]
fn what_is_left_out_for_want_of_a_variable_is_told_unless_that_is_said_or_somebody_else_says_it() {
    let text = "a: {x: 'p-${MISS}', y: {$env: GONE}, z: '${MAY:-}'}\narr: [1, '${MISS}', 3]\nelsewhere: ${MISS}\n\
                inc: {$include: i.yaml}\nv: ${FOO}\n";
    let world = World::new()
        .file("app-config.yaml", text)
        .file("i.yaml", "k: ${INNER}")
        .file("app-config.local.yaml", "elsewhere: here")
        .env("FOO", "foo");
    let told: Vec<_> = world.load().unset().iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "'a.x' is left out, because MISS is not set (app-config.yaml:1:8)",
            "'a.y' is left out, because GONE is not set (app-config.yaml:1:31)",
            "'arr[1]' is left out, because MISS is not set (app-config.yaml:2:10)",
            "'inc.k' is left out, because INNER is not set (i.yaml:1:4)",
        ]
    );
}

#[test]
fn config_6_defaults() {
    let world = yaml("a: ${EMPTY:-def}\nb: ${EMPTY}\nc: ${MISS:-}\nd: '${MISS:- a:-b }'").env("EMPTY", "");
    assert_eq!(whole(&world.load()), json!({"a": "def", "b": "", "d": "a:-b"}));
}

#[test]
fn config_7_escapes() {
    let world = yaml("a: $${FOO}\nb: $$${FOO}\nc: ${A${B}}\nd: $FOO\ne: ${FOO}$\nf: '${'").env("FOO", "x");
    assert_eq!(
        whole(&world.load()),
        json!({"a": "${FOO}", "b": "$${FOO}", "d": "$FOO", "e": "x$", "f": "${"})
    );
}

#[test]
fn config_8_file_drops_trailing_space_and_is_not_substituted() {
    let world = yaml("a: {$file: ./x.txt}\nb: {$file: './${NAME}.txt'}")
        .file("x.txt", "hello ${FOO}\n \n")
        .env("NAME", "x");
    assert_eq!(whole(&world.load()), json!({"a": "hello ${FOO}", "b": "hello ${FOO}"}));
}

#[test]
fn config_9_paths_are_relative_to_the_included_file() {
    let world = included().file("app-config.yaml", "i: {$include: sub/i.yaml}");
    let config = world.load();
    assert_eq!(whole(&config), json!({"i": {"a": {"b": "val-foo", "c": "why"}}}));
    let files: Vec<_> = config.files().iter().map(|file| world.plain(file.to_str().unwrap())).collect();
    assert_eq!(files, ["/cwd/app-config.yaml", "/cwd/sub/i.yaml", "/cwd/sub/y.txt"]);
}

#[test]
fn config_10_an_include_that_is_the_included_value_stays_data() {
    let world = included().file("app-config.yaml", "i: {$include: sub/i.yaml#a.c}");
    assert_eq!(whole(&world.load()), json!({"i": {"$file": "./y.txt"}}));
}

#[test]
fn config_11_fragments() {
    let world = included()
        .file("app-config.yaml", "x: 1\ni: {$include: sub/i.yaml#nope}\ns: {$include: sub/i.yaml#a.b}");
    assert_eq!(whole(&world.load()), json!({"x": 1, "s": "val-foo"}));
    let world = included().file("app-config.yaml", "i: {$include: sub/i.yaml#a.b.c.d}");
    insta::assert_snapshot!(world.fails(), @r#"Error: Failed to read config file at "/cwd/app-config.yaml", error at .i, value at 'a.b' in included file sub/i.yaml is not an object (app-config.yaml:1:15)"#);
}

#[test]
fn config_12_adjacent_keys() {
    let world = yaml("a:\n  b:\n    - c\n    - {$env: FOO, other: 1}");
    insta::assert_snapshot!(world.fails(), @r#"Error: Failed to read config file at "/cwd/app-config.yaml", error at .a.b[1], include key $env should not have adjacent keys (app-config.yaml:4:14)"#);
}

#[test]
fn config_13_unknown_dollar_keys_are_data() {
    assert_eq!(whole(&yaml("a: {$unknown: x}").load()), json!({"a": {"$unknown": "x"}}));
}

#[test]
fn env_include() {
    let world = yaml("a: {$env: FOO}\nb: {$env: MISS}\nc: [{$env: '${WHICH}'}]")
        .env("FOO", " foo ")
        .env("WHICH", "FOO");
    assert_eq!(whole(&world.load()), json!({"a": "foo", "c": ["foo"]}));
}

#[test]
fn an_include_at_the_root_and_json() {
    let world = yaml("$include: more.json")
        .file("more.json", "{\n\t\"a\": \"${FOO}\", \"n\": 1.0,\n \"e\": \"\\ud83d\\ude00\"}")
        .env("FOO", "x");
    assert_eq!(whole(&world.load()).to_string(), r#"{"a":"x","n":1,"e":"😀"}"#);
    // JSON repeats keys freely; the last one counts.
    let world = yaml("$include: more.json").file("more.json", r#"{"a": 1, "a": 2}"#);
    assert_eq!(whole(&world.load()), json!({"a": 2}));
}

#[test]
fn error_texts_of_includes() {
    let fails = |text: &str| {
        let world = yaml(text).file("bad.yaml", "a: [").file("bad.json", "{a}").file("x.toml", "");
        world.fails()
    };
    let all: Vec<String> = [
        "a: {$env: [x]}",
        "a: {$include: '${MISS}'}",
        "a: {$include: no.yaml}",
        "a: {$file: no.txt}",
        "a: {$include: x.toml}",
        "a: {$include: bad.yaml}",
        "a: {$include: bad.json}",
        "- 1",
    ]
    .map(fails)
    .into();
    insta::assert_snapshot!(all.join("\n"), @r#"
    Error: Failed to read config file at "/cwd/app-config.yaml", error at .a, $env include value is not a string (app-config.yaml:1:5)
    Error: Failed to read config file at "/cwd/app-config.yaml", error at .a, $include substitution value was undefined, because the variable MISS is not set (app-config.yaml:1:15)
    Error: Failed to read config file at "/cwd/app-config.yaml", error at .a, failed to include "/cwd/no.yaml", file does not exist (app-config.yaml:1:15)
    Error: Failed to read config file at "/cwd/app-config.yaml", error at .a, failed to read file no.txt, NotFoundError: failed to include "/cwd/no.txt", file does not exist (app-config.yaml:1:12)
    Error: Failed to read config file at "/cwd/app-config.yaml", error at .a, no configuration parser available for included file x.toml (app-config.yaml:1:15)
    Error: Failed to read config file at "/cwd/app-config.yaml", error at .a, failed to parse included file bad.yaml, YAMLParseError: while parsing a node, did not find expected node content at line 2, column 1 (bad.yaml:2:1)
    Error: Failed to read config file at "/cwd/app-config.yaml", error at .a, failed to parse included file bad.json, SyntaxError: key must be a string at line 1 column 2 (bad.json:1:2)
    Error: Failed to read config file at "/cwd/app-config.yaml", expected object at config root (app-config.yaml:1:1)
    "#);
}

#[test]
fn files_that_include_one_another_end() {
    let world = yaml("a: {$include: app-config.yaml}");
    assert!(world.fails().contains("files include one another more than 32 deep"));
    let world = yaml("a: [{$include: app-config.yaml}, {$include: app-config.yaml}]");
    assert!(world.fails().contains("more than 32 deep"));
}

/// The error's text and where it points.
fn missing(error: &greenroom_config::ConfigError) -> String {
    let help = miette::Diagnostic::help(error).map(|help| help.to_string()).unwrap_or_default();
    format!("{error}; {help}")
}

#[test]
fn a_value_that_is_missing_for_want_of_a_variable_names_it_and_its_place() {
    let text = "a: {x: 'p-${MISS}', list: [{k: 1, s: '${IN_LIST}'}], only: ['${ALONE}']}\nwhole: ${WHOLE}\n";
    let config = yaml(text).load();
    let read = |key: &str| missing(&config.string(key).unwrap_err());
    assert_eq!(
        read("a.x"),
        "Missing required config value at 'a.x' in 'app-config.yaml', because the variable MISS is not set \
         (app-config.yaml:1:8); set the environment variable MISS, or give it a default: ${MISS:-value}"
    );
    assert!(read("whole.deep").contains("because the variable WHOLE is not set (app-config.yaml:2:8)"));
    assert!(missing(&config.config("a").unwrap().string("x").unwrap_err()).contains("MISS is not set"));
    let element = &config.config_array("a.list").unwrap()[0];
    let of_element = missing(&element.string("s").unwrap_err());
    assert!(
        of_element.contains("'a.list[0].s'") && of_element.contains("IN_LIST is not set"),
        "{of_element}"
    );
    let invalid = |key: &str| missing(&greenroom_config::ConfigError::invalid(&config, key, "wanted"));
    assert!(invalid("a.x").contains("wanted, because the variable MISS is not set (app-config.yaml:1:8)"));
    assert!(invalid("a.only").contains("ALONE is not set"), "{}", invalid("a.only"));
    assert_eq!(invalid("a.list[0].k"), "wanted (app-config.yaml:1:32); ");
    assert!(!read("a.other").contains("because"), "a value that nobody wrote is missing for itself");
}

#[test]
fn an_include_whose_path_has_no_value_names_the_variable() {
    let error = yaml("a: {$file: '${WHERE}/x.txt'}").try_load().unwrap_err();
    assert!(
        error.to_string().contains("because the variable WHERE is not set (app-config.yaml:1:12)"),
        "{error}"
    );
}

#[test]
fn a_default_as_a_shell_writes_it_is_explained() {
    let config = yaml("a: ${PORT-7007}\n").load();
    assert!(
        missing(&config.string("a").unwrap_err())
            .ends_with("; a default is written `:-`, as in ${PORT:-value}")
    );
    let told = config.unset()[0].to_string();
    assert!(
        told.ends_with("(app-config.yaml:1:4); a default is written `:-`, as in ${PORT:-value}"),
        "{told}"
    );
}

#[test]
fn what_may_be_a_secret_behind_a_variables_name_is_told_nowhere() {
    for placeholder in ["${TOK-s3cret}", "${TOK:=s3cret}", "${ TOK s3cret }", "${TOK-s3cret:x}", "${.s3cret}"]
    {
        let config = yaml(&format!("a: {{b: \"{placeholder}\", c: \"${{OTHER:-7007}}\"}}\n")).load();
        let error = config.string("a.b").unwrap_err();
        let boxed = rendered(&error);
        assert!(boxed.contains("***}") && boxed.contains("${OTHER:-7007}"), "{boxed}");
        for told in [error.to_string(), format!("{error:?}"), boxed, config.unset()[0].to_string()] {
            assert!(!told.contains("s3cret"), "{placeholder}: {told}");
        }
    }
}

#[test]
fn an_object_that_is_nearly_an_include_is_told_and_stays_data() {
    let text = "a: {b: {$envv: NAME}}\nc: [{$inlcude: x.yaml}]\nd: {$FILE: x}\ne: {$schema: x}\nf: {$envv: x, g: 1}\ng: {env: X}\n";
    let config = yaml(text).load();
    assert_eq!(
        config.warnings(),
        [
            "'$envv' at 'a.b' includes nothing, did you mean '$env'? (app-config.yaml:1:16)",
            "'$inlcude' at 'c[0]' includes nothing, did you mean '$include'? (app-config.yaml:2:16)",
            "'$FILE' at 'd' includes nothing, did you mean '$file'? (app-config.yaml:3:12)",
        ]
    );
    assert_eq!(config.get("a.b").unwrap(), json!({ "$envv": "NAME" }));
}
