//! What a start says, and what stops it.

use greenroom_plugin_auth::auth;
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
            "keyStore: { provider: static }",
            "The key store 'static' is not there yet, expected 'memory' or 'database'",
        ),
        ("keyStore: { provider: firestore }", "The key store 'firestore' is not there yet"),
        ("keyStore: { provider: redis }", "Unknown KeyStore provider: redis"),
        (
            "identityTokenAlgorithm: ES512",
            "Unsupported algorithm 'ES512' at auth.identityTokenAlgorithm, expected one of",
        ),
        ("identityTokenAlgorithm: none", "Unsupported algorithm 'none'"),
        ("providers: { guest: { userEntityRef: 'user:' } }", "'user:' is no entity reference"),
    ] {
        let yaml = format!("backend: {{ baseUrl: http://localhost }}\nauth:\n  {yaml}\n");
        let error = TestBackend::new().config(&*yaml).add(auth()).start().await.unwrap_err().to_string();
        assert!(error.contains(expected) && error.contains("mock-config:3:"), "{error}");
    }
    let error = TestBackend::new().add(auth()).start().await.unwrap_err().to_string();
    assert!(error.contains("Missing required config value at 'backend.baseUrl'"), "{error}");
}
