//! What clients and logs see of an error.

use greenroom_errors::{Error, Stacks, describe, to_json};
use serde_json::json;

#[test]
fn http_20_each_name_has_its_status() {
    for (error, status) in [
        (Error::not_modified("m"), 304),
        (Error::input("m"), 400),
        (Error::authentication("m"), 401),
        (Error::not_allowed("m"), 403),
        (Error::not_found("m"), 404),
        (Error::conflict("m"), 409),
        (Error::new("m"), 500),
        (Error::named("MyError", "m"), 500),
        (Error::not_implemented("m"), 501),
        (Error::service_unavailable("m"), 503),
    ] {
        assert_eq!(error.status(), status, "{error:?}");
    }
}

#[test]
fn http_21_own_status_wins_when_it_is_an_integer_in_range() {
    assert_eq!(Error::not_found("m").with("statusCode", 418).status(), 418);
    assert_eq!(Error::new("m").with("statusCode", 700).status(), 500);
    assert_eq!(Error::new("m").with("status", "418").status(), 500);
    assert_eq!(Error::new("m").with("status", 410).with("statusCode", 418).status(), 418);
}

#[test]
fn a_forwarded_error_takes_the_name_of_its_cause() {
    let error = Error::forwarded("fwd", Error::not_found("inner nf"));
    assert_eq!(
        to_json(&error, Stacks::Hide),
        json!({"name": "NotFoundError", "message": "fwd; caused by NotFoundError: inner nf",
               "cause": {"name": "NotFoundError", "message": "inner nf"}})
    );
    assert_eq!(error.status(), 404);
}

#[test]
fn properties_follow_in_the_order_they_were_attached() {
    let error = Error::named("MyError", "custom").with("code", "E_CUSTOM").with("extra", json!({"a": 1}));
    assert_eq!(
        to_json(&error, Stacks::Hide).to_string(),
        r#"{"name":"MyError","message":"custom","code":"E_CUSTOM","extra":{"a":1}}"#
    );
}

#[test]
fn the_stack_tells_where_each_error_was_made() {
    let error = Error::input("outer").caused_by(Error::new("inner"));
    let stack = describe(&error).stack();
    assert!(stack.starts_with("InputError: outer; caused by Error: inner\n    at "), "{stack}");
    assert!(stack.contains("\ncaused by Error: inner\n    at "), "{stack}");
    assert!(stack.contains(file!()), "{stack}");
}

#[test]
fn a_foreign_error_shows_its_text_and_not_its_source() {
    #[derive(Debug)]
    struct Outer(std::io::Error);
    impl std::fmt::Display for Outer {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("cannot read")
        }
    }
    impl std::error::Error for Outer {
        fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
            Some(&self.0)
        }
    }
    let error = Outer(std::io::Error::other("disk at /secret"));
    assert_eq!(to_json(&error, Stacks::Hide), json!({"name": "Error", "message": "cannot read"}));
    assert!(describe(&error).stack().ends_with("caused by Error: disk at /secret"));
}

fn shown(error: &Error) -> serde_json::Value {
    let stand_in = Error::new("An internal error occurred logId=1");
    to_json(&error.without_internals(&stand_in).unwrap(), Stacks::Hide)
}

#[test]
fn what_authors_wrote_is_for_clients() {
    let error = Error::input("outer").caused_by(Error::forwarded("middle", Error::not_found("inner")));
    assert!(!error.is_internal());
    assert!(error.without_internals(&Error::new("hidden")).is_none());
}

#[test]
fn an_error_of_another_kind_is_internal_however_it_is_wrapped() {
    let hidden = json!({"name": "Error", "message": "An internal error occurred logId=1"});
    let foreign = || std::io::Error::other("postgres://me:pw@db refused");
    let error = Error::from_any(foreign());
    assert!(error.is_internal());
    assert_eq!(shown(&error), hidden);
    // One that has our own error as its source is still not ours.
    assert_eq!(shown(&Error::from_any(std::io::Error::other(Error::not_found("n")))), hidden);

    let as_cause = Error::service_unavailable("away").with("retry", true).caused_by(foreign());
    assert_eq!(
        shown(&as_cause).to_string(),
        r#"{"name":"ServiceUnavailableError","message":"away; caused by Error: An internal error occurred logId=1","cause":{"name":"Error","message":"An internal error occurred logId=1"},"retry":true}"#
    );
    for deep in [
        Error::input("outer").caused_by(Error::not_found("inner").caused_by(foreign())),
        Error::input("outer").caused_by(Error::from_any(foreign())),
        Error::forwarded("outer", foreign()),
        Error::input("outer").caused_by(foreign()).caused_by(Error::named("DatabaseError", "select pw")),
    ] {
        let text = shown(&deep).to_string();
        assert!(text.contains("outer") && text.contains("logId=1"), "{text}");
        assert!(!text.contains("pw"), "{text}");
        assert_eq!(deep.without_internals(&Error::new("hidden")).unwrap().status(), deep.status());
    }
}

#[test]
fn a_database_error_is_internal_as_a_cause_too() {
    let error = Error::conflict("taken").caused_by(Error::named("DatabaseError", "select pw from users"));
    let text = shown(&error).to_string();
    assert!(
        text.starts_with(r#"{"name":"ConflictError","message":"taken; caused by Error: An internal"#),
        "{text}"
    );
    assert!(!text.contains("select"), "{text}");
}
