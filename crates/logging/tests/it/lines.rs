//! The checks of lines for people, of start lines, and of what an error keeps.

use greenroom_errors::Error;
use greenroom_logging::{Format, FormatInputs, Level, Overrides, choose_format, fields, info, warn};
use serde_json::json;

use crate::fixture::{Fixture, both};

fn format(inputs: FormatInputs<'_>) -> Format {
    choose_format(inputs).unwrap().value
}

/// Node colours always; we colour on a terminal, unless asked for `node`.
#[test]
fn log_27_outside_production_a_line_is_for_people() {
    assert_eq!(format(FormatInputs::default()), Format::Pretty);
    let f = Fixture::new(Format::Pretty);
    f.root.info("hi");
    assert_eq!(f.line(), "<ts> backstage info hi ");

    let terminal = FormatInputs { is_terminal: true, ..Default::default() };
    assert_eq!(format(terminal), Format::PrettyColour);
    let node = FormatInputs { config: Some("node"), ..Default::default() };
    assert_eq!(format(node), Format::NodeLine);
    for format in [Format::NodeLine, Format::PrettyColour] {
        let f = Fixture::new(format);
        f.root.info("hi");
        assert_eq!(f.line(), "\x1b[2m<ts>\x1b[22m \x1b[34mbackstage\x1b[39m \x1b[32minfo\x1b[39m hi ");
    }
}

#[test]
fn log_28_a_line_for_people_names_the_plugin_and_the_fields() {
    let f = Fixture::new(Format::NodeLine);
    info!(f.root.plugin("catalog"), x = 1, "p");
    assert_eq!(
        f.line(),
        "\x1b[2m<ts>\x1b[22m \x1b[34mcatalog\x1b[39m \x1b[32minfo\x1b[39m p \x1b[36mx\x1b[39m=1"
    );
    let f = Fixture::new(Format::Pretty);
    info!(f.root.plugin("catalog"), x = 1, "p");
    assert_eq!(f.line(), "<ts> catalog info p x=1");
}

/// Node's own line, and JSON, have it as a field.
#[test]
fn a_stack_stands_below_its_line_where_people_read_it() {
    let stack = "Error: no such table\n    at run (/app/run.js:1:29)\n\tforged\u{1b}[2J\r\n    at main";
    let print = |format, message: &str, stack: &str| {
        let f = Fixture::new(format);
        info!(f.root.plugin("catalog"), stack = stack, x = 1, "{message}");
        f.line()
    };
    assert_eq!(
        print(Format::Pretty, "It broke", stack),
        "<ts> catalog info It broke x=1\n    Error: no such table\n        at run (/app/run.js:1:29)\n    \\tforged\\u001b[2J\n        at main"
    );
    let told = "Request failed Error: no such table";
    let frames = "Error: no such table\n    at run";
    assert_eq!(print(Format::Pretty, told, frames), format!("<ts> catalog info {told} x=1\n        at run"));
    assert_eq!(
        print(Format::Pretty, "m", "Error: one line"),
        "<ts> catalog info m stack=\"Error: one line\" x=1"
    );
    for format in [Format::NodeLine, Format::NodeJson, Format::Backstage] {
        let printed = print(format, "It broke", stack);
        assert!(printed.lines().count() == 1 && printed.contains("Error: no such table"), "{printed}");
    }
}

#[test]
fn a_stack_without_other_fields_leaves_the_line_as_it_is_without_any() {
    let f = Fixture::new(Format::Pretty);
    info!(f.root, stack = "E\n    at x", "m");
    assert_eq!(f.line(), "<ts> backstage info m \n    E\n        at x");
}

#[test]
fn a_secret_in_a_stack_is_masked_also_across_its_lines() {
    let f = Fixture::new(Format::Pretty);
    f.root.add_redactions(["first\nsecond"]);
    info!(f.root, stack = "Error: first\nsecond\n    at x", "m");
    assert_eq!(f.line(), "<ts> backstage info m \n    Error: ***\n        at x");
}

#[test]
fn what_is_for_programs_is_in_json_alone() {
    let mut fields = fields! { a: 1 };
    fields.insert_for_programs("lastLines", json!(["x"]));
    for (format, line) in [
        (Format::Pretty, "<ts> backstage info m a=1"),
        (
            Format::Node155Json,
            r#"{"a":1,"lastLines":["x"],"level":"info","message":"m","service":"backstage"}"#,
        ),
    ] {
        let f = Fixture::new(format);
        f.root.child(fields.clone()).info("m");
        assert_eq!(f.line(), line);
    }
}

#[test]
fn the_format_is_chosen_by_environment_config_and_node_env() {
    let production = FormatInputs { node_env: Some("production"), ..Default::default() };
    assert_eq!(format(production), Format::Backstage);
    assert_eq!(format(FormatInputs { config: Some("node"), ..production }), Format::NodeJson);
    assert_eq!(format(FormatInputs { config: Some("pretty"), ..production }), Format::Pretty);
    assert_eq!(
        format(FormatInputs { config: Some("node"), log_format: Some("BACKSTAGE"), ..Default::default() }),
        Format::Backstage
    );
    let colour = |force_color| FormatInputs { force_color: Some(force_color), ..Default::default() };
    assert_eq!(format(colour("1")), Format::PrettyColour);
    assert_eq!(format(FormatInputs { is_terminal: true, ..colour("0") }), Format::Pretty);

    let bogus = choose_format(FormatInputs { log_format: Some("xml"), ..production }).unwrap();
    assert_eq!(bogus.value, Format::Backstage);
    assert!(bogus.warning.unwrap().contains("'xml' is not a log format"));
    assert!(choose_format(FormatInputs { config: Some("xml"), ..production }).is_err());
}

#[test]
fn log_30_the_old_backends_line_is_the_same_field_for_field() {
    let f = Fixture::new(Format::Node155Json);
    f.root.child(fields! { type: "plugin", plugin: "catalog" }).info("plug");
    assert_eq!(
        f.line(),
        r#"{"level":"info","message":"plug","plugin":"catalog","service":"backstage","type":"plugin"}"#
    );
    let component = "catalog-all-locations-refresh";
    let logger = f.root.child(fields! { type: "plugin", plugin: "catalog", component: component });
    logger.info("Locations Refresh: Refreshing location bootstrap:bootstrap");
    assert_eq!(
        f.line(),
        r#"{"component":"catalog-all-locations-refresh","level":"info","message":"Locations Refresh: Refreshing location bootstrap:bootstrap","plugin":"catalog","service":"backstage","type":"plugin"}"#
    );
}

/// Node prints `"message":{}` for an error given as the message.
#[test]
fn log_15_an_error_as_the_message_keeps_its_text() {
    both(|with, expected| {
        let f = with(|b| b);
        let log = f.root.plugin("sched").child(fields! { task: "glob-fail" });
        log.error(Error::new("no such thing"));
        let line = r#"{"level":"error","message":"no such thing","plugin":"sched","service":"backstage","task":"glob-fail"}"#;
        assert_eq!(f.line(), expected(line));
    });
}

/// The fields of an access line survive any URL.
#[test]
fn log_31_an_access_line_keeps_its_fields_whatever_the_url() {
    both(|with, expected| {
        let f = with(|b| b);
        let log = f.root.child(fields! { service: "rootHttpRouter" });
        let url = "/x?y=%c3%a9";
        info!(log, type = "incomingRequest", method = "GET", url, status = 404, "GET {url}");
        let line = r#"{"level":"info","message":"GET /x?y=%c3%a9","method":"GET","service":"rootHttpRouter","status":404,"type":"incomingRequest","url":"/x?y=%c3%a9"}"#;
        assert_eq!(f.line(), expected(line));
    });
}

#[test]
fn the_first_lines_come_before_redaction_and_overrides() {
    let f = Fixture::with(Format::Node155Json, |b| {
        b.options(greenroom_logging::LoggerOptions {
            format: Format::Node155Json,
            loading: Some("Loading config from FileConfigSource{path=\"a.yaml\"}".into()),
            secrets: ["new secrets", "x", "x", "another-secret"].map(String::from).into(),
            overrides: Overrides::parse(&json!([{"matchers": {}, "level": "error"}])).unwrap(),
            ..Default::default()
        })
    });
    assert_eq!(
        f.all(),
        [
            r#"{"level":"info","message":"Loading config from FileConfigSource{path=\"a.yaml\"}","service":"backstage"}"#,
            r#"{"level":"info","message":"Found 3 new secrets in config that will be redacted","service":"backstage"}"#,
        ]
    );
    f.root.info("dropped");
    f.root.error("new secrets");
    assert_eq!(f.line(), r#"{"level":"error","message":"***","service":"backstage"}"#);
}

/// A caller's time stays if JavaScript takes it for true; whoever sets none, gets one.
#[test]
fn a_timestamp_of_the_callers_stays_unless_it_is_falsy() {
    for format in [Format::NodeJson, Format::Backstage] {
        let f = Fixture::new(format);
        let line = |time: &str| {
            format!(r#"{{"level":"info","message":"x","service":"backstage","timestamp":{time}}}"#)
        };
        f.root.info("x");
        assert_eq!(f.line(), line(r#""<ts>""#));
        // Twice running, and once more: the order of such calls is kept, the decision is not.
        for _ in 0..12 {
            info!(f.root, timestamp = "T", "x");
            assert_eq!(f.line(), line(r#""T""#));
            for falsy in [json!(""), json!(0), json!(null), json!(false)] {
                info!(f.root, timestamp = falsy, "x");
                assert_eq!(f.line(), line(r#""<ts>""#));
            }
            info!(f.root, timestamp = None::<u8>, "x");
            assert_eq!(f.line(), line(r#""<ts>""#));
        }
        let child = f.root.child(fields! { timestamp: "C" });
        child.info("x");
        assert_eq!(f.line(), line(r#""C""#));
        info!(child, timestamp = "", "x");
        assert_eq!(f.line(), line(r#""<ts>""#), "the call's goes before the child's");
        f.root.child(fields! { timestamp: 0 }).info("x");
        assert_eq!(f.line(), line(r#""<ts>""#));
    }
    let f = Fixture::new(Format::Node155Json);
    info!(f.root, timestamp = "", "x");
    assert_eq!(f.line(), r#"{"level":"info","message":"x","service":"backstage","timestamp":""}"#);
    let f = Fixture::new(Format::Pretty);
    info!(f.root, timestamp = 0, "x");
    assert_eq!(f.line(), "<ts> backstage info x ");
}

/// Lines are stamped after the level rules have judged them.
#[test]
fn level_rules_see_the_callers_timestamp_and_never_ours() {
    let rules = json!([{"matchers": {"timestamp": "/./"}, "level": "error"}]);
    let f = Fixture::with(Format::NodeJson, |b| b.overrides(Overrides::parse(&rules).unwrap()));
    f.root.info("x");
    assert_eq!(f.all().len(), 1);
    info!(f.root, timestamp = "T", "x");
    assert!(f.all().is_empty());
    info!(f.root, timestamp = "", "x");
    assert_eq!(f.all().len(), 1);
}

#[test]
fn additions_are_left_out_of_nodes_formats() {
    let log = |format| {
        let f = Fixture::new(format);
        let child = f.root.child(fields! { task: 1, +hook: "h" });
        info!(child, a = 1, +duration_ms = 1.5, "x");
        f.line()
    };
    assert_eq!(
        log(Format::Node155Json),
        r#"{"a":1,"level":"info","message":"x","service":"backstage","task":1}"#
    );
    assert_eq!(
        log(Format::Backstage),
        r#"{"a":1,"duration_ms":1.5,"hook":"h","level":"info","message":"x","service":"backstage","task":1,"timestamp":"<ts>"}"#
    );
    assert_eq!(log(Format::Pretty), r#"<ts> backstage info x task=1 hook="h" a=1 duration_ms=1.5"#);
    assert!(log(Format::NodeLine).ends_with("x \x1b[36mtask\x1b[39m=1 \x1b[36ma\x1b[39m=1"));
}

#[test]
fn the_module_at_work_is_an_addition() {
    let f = Fixture::new(Format::Backstage);
    let work = greenroom_context::Context::default().with_plugin("catalog").with_module("github");
    let log = f.root.plugin("catalog");
    work.clone().sync_scope(|| log.info("x"));
    assert_eq!(
        f.line(),
        r#"{"level":"info","message":"x","module":"github","plugin":"catalog","service":"backstage","timestamp":"<ts>"}"#
    );
    work.clone().sync_scope(|| info!(log, module = "mine", "x"));
    assert!(f.line().contains(r#""module":"mine""#));
    let f = Fixture::new(Format::Node155Json);
    work.sync_scope(|| f.root.info("x"));
    assert_eq!(f.line(), r#"{"level":"info","message":"x","service":"backstage"}"#);
}

#[test]
fn levels_have_names_and_order() {
    let f = Fixture::with(Format::Node155Json, |b| b.level(Level::Silly));
    f.root.error("e");
    f.root.warn("w");
    warn!(f.root, "w");
    f.root.debug("d");
    let lines = f.all();
    assert!(lines[2].contains(r#""level":"warn""#) && lines[3].contains(r#""level":"debug""#));
    for level in Level::ALL {
        assert_eq!(level.as_str().to_uppercase().parse(), Ok(level));
    }
}

#[test]
fn nothing_forges_a_line_for_people_or_reaches_their_terminal() {
    for format in [Format::Pretty, Format::PrettyColour, Format::NodeLine] {
        let f = Fixture::new(format);
        let evil = "a\n2026-01-01T00:00:00.000Z backstage error forged \u{9b}2J\u{1b}[31m\u{202e}\r\u{7f}";
        let mut own = greenroom_logging::Fields::new();
        own.insert(evil.to_owned(), evil);
        own.insert("plugin", evil);
        own.insert("timestamp", evil);
        info!(f.root.child(own), v = evil, json = json!({"k": [evil]}), "{evil}");
        let line = f.lines.take().remove(0);
        for code in ["\x1b[2m", "\x1b[22m", "\x1b[32m", "\x1b[34m", "\x1b[36m", "\x1b[39m"] {
            assert_eq!(line.contains(code), !matches!(format, Format::Pretty), "{line}");
        }
        let codes = regress::Regex::new("\x1b\\[(2|22|32|34|36|39)m").unwrap();
        let text = codes.replace_all(&line, "");
        assert!(!text.contains(|c: char| c.is_control() || c == '\u{202e}'), "{text:?}");
        assert_eq!(text.matches(r"a\n2026").count(), 7, "{text}");
    }
}
