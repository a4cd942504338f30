//! What helmet sets.

use greenroom_config::RootConfig;
use greenroom_http::HttpSettings;
use serde_json::{Value, json};

use crate::kit::Kit;

const BEFORE: &str =
    "default-src 'self';base-uri 'self';font-src 'self' https: data:;frame-ancestors 'self';";
const AFTER: &str = "object-src 'none';script-src 'self' 'unsafe-eval';script-src-attr 'none';style-src 'self' https: 'unsafe-inline'";

async fn header(name: &str, config: Value) -> String {
    let up = Kit::new()
        .config("backend.csp", config["csp"].clone())
        .config("backend.referrer", config["referrer"].clone())
        .start()
        .await;
    up.get("/nowhere").await.header(name).unwrap().to_owned()
}

#[tokio::test]
async fn csp_is_backstages_with_what_is_configured_over_it() {
    let default = format!("{BEFORE}img-src 'self' data:;{AFTER};upgrade-insecure-requests");
    for (csp, expected) in [
        (json!(null), default.clone()),
        (json!({}), default.clone()),
        (
            json!({
                "connect-src": ["'self'", "https:"], "upgrade-insecure-requests": false, "imgSrc": ["'self'"],
            }),
            format!("{BEFORE}img-src 'self';{AFTER};connect-src 'self' https:"),
        ),
        (json!({"img_src": []}), format!("{BEFORE}img-src;{AFTER};upgrade-insecure-requests")),
        (json!({"unknown-src": false}), default),
    ] {
        assert_eq!(header("content-security-policy", json!({"csp": csp})).await, expected);
    }
}

#[tokio::test]
async fn the_referrer_policy_is_a_list_or_one_word() {
    let policy =
        async |policy: Value| header("referrer-policy", json!({"referrer": {"policy": policy}})).await;
    assert_eq!(policy(json!(null)).await, "no-referrer");
    assert_eq!(policy(json!("same-origin")).await, "same-origin");
    assert_eq!(policy(json!(["no-referrer", "strict-origin"])).await, "no-referrer,strict-origin");
}

#[test]
fn a_bad_policy_is_a_start_error_in_helmets_words_with_its_place() {
    for (bad, text) in [
        ("csp: {default-src: false}", "Content-Security-Policy needs a default-src but none was provided"),
        (
            "csp: {imgSrc: ['a;b']}",
            "Content-Security-Policy received an invalid directive value for \"img-src\"",
        ),
        (
            "csp: {imgSrc: ['a,b']}",
            "Content-Security-Policy received an invalid directive value for \"img-src\"",
        ),
        ("csp: {'!': [a]}", "Content-Security-Policy received an invalid directive name \"!\""),
        ("referrer: {policy: [x]}", "Referrer-Policy received an unexpected policy token \"x\""),
        ("referrer: {policy: []}", "Referrer-Policy received no policy tokens"),
        (
            "referrer: {policy: [origin, origin]}",
            "Referrer-Policy received a duplicate policy token \"origin\"",
        ),
    ] {
        let config = RootConfig::from_yaml(&format!("backend:\n  {bad}\n")).unwrap();
        let error = HttpSettings::from_config(&config, None).unwrap_err();
        assert_eq!(error.message(), text);
        assert!(format!("{error:?}").contains("mock-config:2"), "{bad}: {error:?}");
    }
    for bad in ["csp: {img-src: x}", "csp: {img-src: true}", "csp: 7", "referrer: {policy: 7}"] {
        let config = RootConfig::from_yaml(&format!("backend:\n  {bad}\n")).unwrap();
        assert!(HttpSettings::from_config(&config, None).is_err(), "{bad}");
    }
}
