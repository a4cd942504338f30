//! The rules of `docs/contract/logging.md` for lines, redaction and level rules, under `node` and under `backstage`.

use greenroom_errors::Error;
use greenroom_logging::{Level, Overrides, choose_level, debug, error, fields, info};
use serde_json::json;

use crate::fixture::both;

#[test]
fn log_1_info_line_is_sorted_json() {
    both(|with, expected| {
        let f = with(|b| b);
        f.root.info("hi");
        assert_eq!(f.line(), expected(r#"{"level":"info","message":"hi","service":"backstage"}"#));
    });
}

#[test]
fn log_2_fields_are_sorted_null_stays_and_undefined_goes() {
    both(|with, expected| {
        let f = with(|b| b);
        info!(f.root, z = 1, a = 2, n = json!(null), u = None::<u8>, "hi");
        let line = r#"{"a":2,"level":"info","message":"hi","n":null,"service":"backstage","z":1}"#;
        assert_eq!(f.line(), expected(line));
    });
}

#[test]
fn log_3_debug_is_dropped_by_default() {
    both(|with, _| {
        let f = with(|b| b);
        f.root.debug("x");
        debug!(f.root, a = 1, "x");
        assert!(f.all().is_empty());
    });
}

#[test]
fn log_4_the_environment_wins_over_config() {
    assert_eq!(choose_level(Some("debug"), Some("error")).unwrap().value, Level::Debug);
    both(|with, expected| {
        let f = with(|b| b.level(Level::Debug));
        f.root.debug("x");
        assert_eq!(f.line(), expected(r#"{"level":"debug","message":"x","service":"backstage"}"#));
    });
}

#[test]
fn log_5_an_empty_environment_is_none() {
    assert_eq!(choose_level(Some(""), Some("debug")).unwrap().value, Level::Debug);
}

/// Node filters nothing at an unknown level; we accept any case, warn of the rest in the environment and refuse it in
/// config.
#[test]
fn log_6_an_unknown_level_is_told_and_means_info() {
    assert_eq!(choose_level(Some("INFO"), None).unwrap().value, Level::Info);
    let bogus = choose_level(Some("bogus"), Some("debug")).unwrap();
    assert_eq!(bogus.value, Level::Info);
    assert_eq!(bogus.warning.unwrap(), "LOG_LEVEL 'bogus' is not a valid logging level, using 'info'");
    assert_eq!(
        choose_level(None, Some("bogus")).unwrap_err().to_string(),
        "Invalid config at backend.logger.level, 'bogus' is not a valid logging level, must be one of 'error', 'warn', 'info' or 'debug'."
    );
}

#[test]
fn log_7_a_plugins_logger_names_it() {
    both(|with, expected| {
        let f = with(|b| b);
        f.root.plugin("catalog").info("p");
        let line = r#"{"level":"info","message":"p","plugin":"catalog","service":"backstage"}"#;
        assert_eq!(f.line(), expected(line));
    });
}

#[test]
fn log_8_nested_objects_are_replaced() {
    both(|with, expected| {
        let f = with(|b| b);
        let child = f.root.child(fields! { a: json!({"b": 1}) });
        info!(child, a = json!({"c": 2}), "p");
        let line = r#"{"a":{"c":2},"level":"info","message":"p","service":"backstage"}"#;
        assert_eq!(f.line(), expected(line));
    });
}

#[test]
fn log_9_a_message_field_is_appended_and_a_level_field_ignored() {
    both(|with, expected| {
        let f = with(|b| b);
        info!(f.root, message = "extra", level = "warn", "msg");
        assert_eq!(f.line(), expected(r#"{"level":"info","message":"msg extra","service":"backstage"}"#));
    });
}

#[test]
fn log_10_an_error_is_spread_over_the_line() {
    both(|with, expected| {
        let f = with(|b| b);
        f.root.error_with("boom", &Error::new("inner"));
        let line = r#"{"level":"error","message":"boom inner","service":"backstage","stack":"Error: inner"}"#;
        assert_eq!(f.line(), expected(line));
        error!(f.root, ..&Error::new("inner"), "boom");
        assert_eq!(f.line(), expected(line));
    });
}

/// Node serialises the cause as `{}`; we keep it.
#[test]
fn log_11_an_errors_name_and_cause_are_kept() {
    both(|with, expected| {
        let f = with(|b| b);
        f.root.warn_with("input", &Error::input("bad").caused_by(Error::new("root cause")));
        let line = r#"{"cause":{"message":"root cause","name":"Error"},"level":"warn","message":"input bad; caused by Error: root cause","name":"InputError","service":"backstage","stack":"InputError: bad; caused by Error: root cause"}"#;
        assert_eq!(f.line(), expected(line));
    });
}

/// The trap of Node: with `%s` in the message the fields are lost.
#[test]
fn log_13_a_printf_token_is_ordinary_text() {
    both(|with, expected| {
        let f = with(|b| b);
        info!(f.root, a = 1, "tok %s x");
        assert_eq!(
            f.line(),
            expected(r#"{"a":1,"level":"info","message":"tok %s x","service":"backstage"}"#)
        );
    });
}

#[test]
fn log_14_a_percent_sign_is_ordinary_text() {
    both(|with, expected| {
        let f = with(|b| b);
        info!(f.root, a = 1, "pct 100%");
        assert_eq!(
            f.line(),
            expected(r#"{"a":1,"level":"info","message":"pct 100%","service":"backstage"}"#)
        );
    });
}

#[test]
fn log_17_secrets_are_trimmed_and_literal() {
    both(|with, expected| {
        let f = with(|b| b);
        f.root.add_redactions(["  s3cr3t ", "x", "a.b"]);
        f.lines.take();
        f.root.info("s3cr3t xx a.b aXb");
        assert_eq!(
            f.line(),
            expected(r#"{"level":"info","message":"*** xx *** aXb","service":"backstage"}"#)
        );
    });
}

/// Node masks in the order in which secrets were added, so that it prints `***er`.
#[test]
fn log_18_the_longest_secret_is_masked() {
    both(|with, expected| {
        let f = with(|b| b);
        f.root.add_redactions(["short", "shorter"]);
        f.lines.take();
        f.root.info("shorter short");
        assert_eq!(f.line(), expected(r#"{"level":"info","message":"*** ***","service":"backstage"}"#));
    });
}

/// Only the root logger has `add_redactions`: what the root masks, a child masks too (contract: log-19).
#[test]
fn log_19_redactions_of_the_root_reach_children_made_before() {
    both(|with, expected| {
        let f = with(|b| b);
        let child = f.root.child(fields! { token: "a zzzzzzzz" });
        child.info("before");
        f.root.add_redactions(["zzzzzzzz"]);
        f.lines.take();
        child.info("after zzzzzzzz");
        let line = r#"{"level":"info","message":"after ***","service":"backstage","token":"a ***"}"#;
        assert_eq!(f.line(), expected(line));
    });
}

fn overrides(value: serde_json::Value) -> Overrides {
    Overrides::parse(&value).unwrap()
}

#[test]
fn log_22_an_override_loosens_for_one_plugin() {
    both(|with, expected| {
        let f =
            with(|b| b.overrides(overrides(json!([{"matchers": {"plugin": "catalog"}, "level": "debug"}]))));
        f.root.plugin("catalog").debug("x");
        let line = r#"{"level":"debug","message":"x","plugin":"catalog","service":"backstage"}"#;
        assert_eq!(f.line(), expected(line));
        f.root.debug("x");
        f.root.plugin("auth").debug("x");
        assert!(f.all().is_empty());
    });
}

#[test]
fn log_23_an_array_matches_any_of_its_elements() {
    both(|with, _| {
        let f = with(|b| {
            b.overrides(overrides(json!([{"matchers": {"plugin": ["catalog", "auth"]}, "level": "error"}])))
        });
        f.root.plugin("auth").warn("x");
        assert!(f.all().is_empty());
        f.root.plugin("tasks").warn("x");
        f.root.plugin("auth").error("x");
        assert_eq!(f.all().len(), 2);
    });
}

#[test]
fn log_24_a_message_is_matched_by_a_regular_expression() {
    both(|with, _| {
        let f = with(|b| {
            b.overrides(overrides(json!([{"matchers": {"message": "/^noisy/i"}, "level": "error"}])))
        });
        f.root.info("NOISY");
        let word = "Noisy";
        info!(f.root, "{word} too");
        assert!(f.all().is_empty());
        f.root.info("not noisy");
        assert_eq!(f.all().len(), 1);
    });
}

#[test]
fn log_25_numbers_match_numbers_only() {
    both(|with, _| {
        let f = with(|b| b.overrides(overrides(json!([{"matchers": {"status": 200}, "level": "warn"}]))));
        info!(f.root, status = 200, "x");
        info!(f.root, status = 200.0, "x");
        info!(f.root, status = json!(200), "x");
        assert!(f.all().is_empty());
        info!(f.root, status = "200", "x");
        info!(f.root, status = json!({"a": 200}), "x");
        assert_eq!(f.all().len(), 2);
    });
}

#[test]
fn log_26_an_override_of_an_unknown_level_is_refused() {
    let list = json!([{"matchers": {}, "level": "info"}, {"matchers": {}, "level": "invalid"}]);
    assert_eq!(
        Overrides::parse(&list).unwrap_err().to_string(),
        "Invalid config at backend.logger.overrides[1].level, 'invalid' is not a valid logging level, must be one of 'error', 'warn', 'info' or 'debug'."
    );
}
