//! Lines of a running Node backend, for the calls that Rust can make.

use std::collections::HashMap;

use greenroom_errors::Error;
use greenroom_logging::{Format, RootLogger, error, fields, info};
use serde_json::{Value, json};

use crate::fixture::Fixture;

const SECRETS: [&str; 5] =
    ["super-secret-token-1", "legacysecretAAAA=", "q\"uote-token-123", "\u{e9}secret-utf-8", "a"];

fn cases(text: &'static str) -> HashMap<&'static str, Vec<&'static str>> {
    text.split("## ")
        .skip(1)
        .filter_map(|part| {
            let (name, lines) = part.split_once('\n')?;
            // A line for people may hold line ends; each begins with its time.
            let start = if lines.starts_with('\x1b') { "\n\x1b[2m" } else { "\n" };
            let mut out = Vec::new();
            let mut rest = lines.strip_suffix('\n').unwrap_or(lines);
            while let Some(at) = rest.find(start) {
                out.push(&rest[..at]);
                rest = &rest[at + 1..];
            }
            out.push(rest);
            Some((name, out))
        })
        .collect()
}

type Case = (&'static str, Box<dyn Fn()>);

fn calls(root: &RootLogger) -> Vec<Case> {
    let logger = root.plugin("logs");
    let mut all: Vec<Case> = Vec::new();
    let mut case = |name, call: Box<dyn Fn()>| all.push((name, call));
    let l = logger.clone();
    case(
        "levels",
        Box::new(move || {
            l.error("an error");
            l.warn("a warn");
            l.info("an info");
            l.debug("a debug");
        }),
    );
    let l = logger.clone();
    case(
        "meta object",
        Box::new(move || {
            info!(l, a = 1, b = "two", c = true, d = Value::Null, e = None::<u8>, "with meta");
        }),
    );
    let l = logger.clone();
    case("error as meta", Box::new(move || l.error_with("with error", &Error::new("kaboom"))));
    let l = logger.clone();
    case(
        "error with fields as meta",
        Box::new(move || {
            let e = Error::new("fields").with("code", "E_X").with("info", json!({"z": 1}));
            error!(l, ..&e, "err fields");
        }),
    );
    let l = logger.clone();
    case("nested meta", Box::new(move || info!(l, a = json!({"b": {"c": [1, 2, {"d": 3}]}}), "nested")));
    let l = logger.clone();
    case("multiline", Box::new(move || l.info("line1\nline2\n\tline3")));
    let l = logger.clone();
    case(
        "unicode/control",
        Box::new(move || {
            info!(
                l,
                k = "tab\tquote\"",
                "h\u{e9}llo \u{1F600} \u{0} \u{1b}[31mred\u{1b}[0m \"quoted\" \\ back"
            );
        }),
    );
    let l = logger.clone();
    case("empty message", Box::new(move || l.info("")));
    let l = logger.clone();
    case("array meta", Box::new(move || info!(l, "0" = 1, "1" = 2, "msg")));
    let l = logger.clone();
    case(
        "reserved meta keys",
        Box::new(move || {
            info!(l, message = "meta message", "reserved msg");
            info!(l, level = "error", "reserved level");
            info!(l, plugin = "other", service = "svc", "reserved plugin");
            info!(l, timestamp = "T", "reserved timestamp");
            info!(l, stack = "S", "reserved stack");
            l.info("splat %s %d");
        }),
    );
    let l = logger.clone();
    case(
        "child",
        Box::new(move || {
            let ch = l.child(fields! { task: "t1" });
            ch.info("child");
            ch.child(fields! { sub: "s", task: "t2" }).info("grandchild override");
            info!(ch, task = "t3", zz = 1, "call meta override");
            l.info("parent unaffected");
        }),
    );
    let l = logger.clone();
    case(
        "child plugin/service override",
        Box::new(move || {
            l.child(fields! { plugin: "p2" }).info("child plugin");
            l.child(fields! { service: "s2" }).info("child service");
        }),
    );
    let l = logger.clone();
    case(
        "child level/message override",
        Box::new(move || {
            l.child(fields! { level: "error", message: "cm" }).info("child reserved");
        }),
    );
    let r = root.clone();
    case(
        "rootLogger",
        Box::new(move || {
            r.info("from root");
            r.child(fields! { x: 1 }).info("from root child");
        }),
    );
    let l = logger.clone();
    case(
        "secrets literal",
        Box::new(move || {
            let inner = json!({"t": ["xsuper-secret-token-1y"]});
            let text = "values: super-secret-token-1 and legacysecretAAAA= and not-a-secret and ab";
            info!(l, tok = "super-secret-token-1", inner, "{text}");
        }),
    );
    let l = logger.clone();
    case("long", Box::new(move || l.info("x".repeat(300))));
    let l = logger.clone();
    case("numeric key order", Box::new(move || info!(l, b = 1, "2" = "two", a = 2, "1" = "one", "order")));
    all
}

/// A line for people as we print it: the controls in its message, which Node prints as they are, shown by escapes.
fn shown(format: Format, line: &str) -> String {
    if format.is_json() {
        return line.to_owned();
    }
    let (head, rest) = line.split_once("\x1b[39m ").unwrap();
    let (level, rest) = rest.split_once("\x1b[39m ").unwrap();
    let (message, fields) = rest.split_at(rest.find(" \x1b[36m").unwrap_or(rest.len()));
    let message = message.replace('\n', "\\n").replace('\t', "\\t").replace('\0', "\\u0000");
    format!("{head}\x1b[39m {level}\x1b[39m {}{fields}", message.replace('\x1b', "\\u001b"))
}

fn compare(format: Format, recorded: &'static str) {
    let f = Fixture::new(format);
    f.root.add_redactions(SECRETS);
    let recorded = cases(recorded);
    let mut compared = 0;
    for (name, call) in calls(&f.root) {
        call();
        let ours = f.all();
        let theirs: Vec<_> = recorded[name].iter().map(|line| shown(format, line)).collect();
        assert_eq!(ours, theirs, "{name}");
        compared += ours.len();
    }
    assert!(compared >= 28, "{compared}");
}

#[test]
fn production_lines_are_nodes() {
    compare(Format::NodeJson, include_str!("recorded/production.log"));
}

#[test]
fn production_lines_of_1_55_are_those_of_its_node() {
    compare(Format::Node155Json, include_str!("recorded/production-1.55.log"));
}

#[test]
fn development_lines_are_nodes() {
    compare(Format::NodeLine, include_str!("recorded/development.log"));
}

/// Node masks `q"uote-token-123` nowhere in JSON, for there it is escaped.
#[test]
fn a_secret_with_a_quote_is_masked_where_node_leaks_it() {
    let recorded = cases(include_str!("recorded/production.log"));
    assert!(recorded["secret escaped/short"][0].contains("uote-token-123"));
    let f = Fixture::with(Format::NodeJson, |b| b.secrets(SECRETS));
    info!(f.root, v = "q\"uote-token-123", "tok q\"uote-token-123");
    assert_eq!(
        f.line(),
        r#"{"level":"info","message":"tok ***","service":"backstage","timestamp":"<ts>","v":"***"}"#
    );
}

#[test]
fn a_key_that_is_a_secret_keeps_its_place() {
    let recorded = cases(include_str!("recorded/production.log"));
    let f = Fixture::with(Format::NodeJson, |b| b.secrets(SECRETS));
    let mut meta = greenroom_logging::Fields::new();
    meta.insert("super-secret-token-1", 1);
    f.root.plugin("logs").child(meta).info("k");
    assert_eq!(f.line(), recorded["secret as key"][0]);
}
