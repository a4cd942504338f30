//! What a start says, and what stops it.

use greenroom::{
    config::{ConfigReader, ReadContext, Remark},
    core::Backend,
    prelude::*,
};
use greenroom_plugin_auth::{DeclareAuthProvider, auth, lets_guests_in};
use greenroom_test::TestBackend;
use serde_json::json;

use crate::kit::backend;

fn lines(messages: &[String], start: &str) -> Vec<String> {
    messages.iter().filter(|text| text.starts_with(start)).cloned().collect()
}

#[tokio::test]
async fn providers_that_nobody_serves_are_told_at_start_with_their_place() {
    let yaml = "
backend: { baseUrl: http://localhost:7007 }
auth:
  providers:
    guest: {}
    github:
      development: {}
    saml:
";
    let backend = TestBackend::new().config(yaml).node_env("development").add(auth()).start().await.unwrap();
    let messages = backend.captured().messages();
    assert_eq!(lines(&messages, "Configuring auth provider"), ["Configuring auth provider: guest"]);
    assert_eq!(
        lines(&messages, "The auth provider"),
        ["The auth provider 'github' is not served by this backend (mock-config:6:5)"]
    );
}

#[tokio::test]
async fn that_sessions_end_with_the_process_is_told_where_nobody_has_chosen_it() {
    let told = async |auth_config| {
        let backend = backend(auth_config).start().await.unwrap();
        lines(&backend.captured().messages(), "Signing keys are in memory").len()
    };
    assert_eq!(told(json!({})).await, 1);
    assert_eq!(told(json!({"keyStore": {"provider": "database"}})).await, 1);
    assert_eq!(told(json!({"keyStore": {"provider": "memory"}})).await, 0);
}

#[tokio::test]
async fn what_the_config_asks_for_and_is_not_there_stops_the_start_with_its_place() {
    for (yaml, expected) in [
        (
            "keyStore: { provider: static, static: { keys: [] } }",
            "auth.keyStore.static.keys has no key pair, at least one is needed",
        ),
        ("keyStore: { provider: firestore }", "The key store 'firestore' is not there yet"),
        ("keyStore: { provider: redis }", "Unknown KeyStore provider: redis"),
        (
            "identityTokenAlgorithm: ES512",
            "Unsupported algorithm 'ES512' at auth.identityTokenAlgorithm, expected one of",
        ),
        ("identityTokenAlgorithm: none", "Unsupported algorithm 'none'"),
        ("providers: { guest: { userEntityRef: 'user:' } }", "'user:' is no entity reference"),
        (
            "providers: { guest: { ownershipEntityRefs: ['group:a', nonsense] } }",
            "'nonsense' is no entity reference",
        ),
    ] {
        let yaml = format!("backend: {{ baseUrl: http://localhost }}\nauth:\n  {yaml}\n");
        let error = TestBackend::new().config(&*yaml).add(auth()).start().await.unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("mock-config:3:"), "{error}");
    }
    let error = TestBackend::new().add(auth()).start().await.unwrap_err().to_string();
    assert!(error.contains("Missing required config value at 'backend.baseUrl'"), "{error}");
}

#[tokio::test]
async fn an_issuer_is_a_url_that_holds_no_password() {
    for (base_url, expected) in [
        ("localhost:7007", "backend.baseUrl is no URL"),
        ("nonsense", "backend.baseUrl is no URL"),
        ("ftp://x", "backend.baseUrl is no URL"),
        ("http://ada:sesame@x", "backend.baseUrl has a user name"),
        ("http://ada@x:7007/backstage", "backend.baseUrl has a user name"),
    ] {
        let yaml =
            format!("backend: {{ baseUrl: '{base_url}' }}\nauth: {{ providers: {{ guest: {{}} }} }}\n");
        let error = TestBackend::new().config(&*yaml).add(auth()).start().await.unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("mock-config:1:"), "{error}");
        assert!(!error.contains("sesame"), "{error}");
    }
}

#[tokio::test]
async fn what_is_odd_about_sign_ins_is_told_once_by_a_start() {
    let none = "auth.providers has no provider, so that nobody can sign in; for guests, write 'guest: {}', with \
                the braces";
    let all_in = "Whoever reaches this backend is a user of it: NODE_ENV is not 'development', and \
                  auth.providers.guest.dangerouslyAllowOutsideDevelopment is true";
    for (yaml, node_env, expected) in [
        ("providers: { guest: }", "development", none.to_owned()),
        ("providers: {}", "development", none.to_owned()),
        ("environment: x", "development", none.to_owned()),
        (
            "providers: { gest: {} }",
            "development",
            "nobody reads 'auth.providers.gest', did you mean 'auth.providers.guest'?".to_owned(),
        ),
        (
            "providers: { Guest: {} }",
            "development",
            "nobody reads 'auth.providers.Guest', did you mean 'auth.providers.guest'?".to_owned(),
        ),
        (
            "{ providers: { guest: {} }, backstageTokenExpiration: 5s }",
            "development",
            "auth.backstageTokenExpiration: tokens are good for 10 minutes, no token for less".to_owned(),
        ),
        (
            "{ providers: { guest: {} }, backstageTokenExpiration: 25h }",
            "development",
            "auth.backstageTokenExpiration: tokens are good for 24 hours, no token for more".to_owned(),
        ),
        (
            "providers: { guest: { dangerouslyAllowOutsideDevelopment: true } }",
            "production",
            all_in.to_owned(),
        ),
        (
            "providers: { guest: {} }",
            "production",
            "Guests are refused: NODE_ENV is not 'development', and \
             auth.providers.guest.dangerouslyAllowOutsideDevelopment is not true; to let them in on your own machine, \
             start with NODE_ENV=development"
                .to_owned(),
        ),
    ] {
        // In the format of Node's backend as in one where all keys that nobody reads are told.
        for more in ["", "greenroom: { logger: { format: backstage } }"] {
            let yaml = format!("backend: {{ baseUrl: http://localhost }}\nauth:\n  {yaml}\n{more}\n");
            let started = TestBackend::new().config(&*yaml).node_env(node_env).add(auth()).start().await;
            let lines = started.unwrap().stop().await;
            let warned = lines.iter().filter(|line| line["level"] == "warn");
            let texts = warned.map(|line| line["message"].as_str().unwrap());
            let told: Vec<_> = texts.map(|text| text.split(" (mock-config:3:").next().unwrap()).collect();
            assert_eq!(told, [&expected], "{yaml}");
        }
    }
}

/// Without starting anything, and so by `config check`.
#[test]
fn what_depends_on_node_env_and_on_modules_is_known_before_a_start() {
    let yaml =
        "backend: { baseUrl: http://localhost }\nauth: { providers: { guest: {}, proxy: {}, github: {} } }";
    let config = RootConfig::from_yaml(yaml).unwrap();
    let proxy =
        module("auth", "proxy-provider", |env| env.register_init(async || Ok(()))).auth_provider("proxy");
    let declarations = Backend::new([]).add(auth()).add(proxy).declarations();
    let told = |node_env: &str| {
        let context = ReadContext { node_env: Some(node_env.to_owned()), declarations: declarations.clone() };
        let readers = declarations.of::<ConfigReader>();
        readers.iter().flat_map(|(_, reader)| reader.read(&config, &context).unwrap()).collect::<Vec<_>>()
    };
    let not_served = "The auth provider 'github' is not served by this backend (mock-config:2:44)";
    let refused = "Guests are refused: NODE_ENV is not 'development', and \
                   auth.providers.guest.dangerouslyAllowOutsideDevelopment is not true; to let them in on your own \
                   machine, start with NODE_ENV=development (mock-config:2:22)";
    assert_eq!(told("development"), [Remark::Warning(not_served.to_owned())]);
    assert_eq!(told("production"), [not_served, refused].map(|text| Remark::Warning(text.to_owned())));
    assert!(lets_guests_in(&config, Some("development")) && !lets_guests_in(&config, None));
}

#[tokio::test]
async fn nothing_is_odd_about_a_guest_in_development() {
    for providers in [json!({"guest": {}}), json!({"guest": {"dangerouslyAllowOutsideDevelopment": true}})] {
        let config = json!({"providers": providers, "backstageTokenExpiration": "10m"});
        let lines = backend(config).start().await.unwrap().stop().await;
        assert!(lines.iter().all(|line| line["level"] != "warn"), "{lines:?}");
    }
}
