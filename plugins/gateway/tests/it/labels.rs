//! The line of a request that passes says who sent it, as far as Node's keys prove it.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use greenroom_test::RunningTestBackend;
use serde_json::{Value, json};

use crate::{
    node::Node,
    support::{in_front_of, is, up},
};

const KEYS: &str = "/api/auth/.well-known/jwks.json";

/// Lines with all of their fields.
fn with_fields(external_access: Value) -> Value {
    json!({
        "backend": { "auth": { "externalAccess": external_access } },
        "greenroom": { "logger": { "format": "backstage" }, "run": { "delay": "0s" } },
    })
}

#[tokio::test]
async fn a_token_of_the_config_is_known_without_asking() {
    let node = Node::start().await;
    let token = "a-token-of-the-config-1";
    let access = json!([{ "type": "static", "options": { "token": token, "subject": "ci" } }]);
    let backend = in_front_of(node.address).config(with_fields(access)).start().await.unwrap();
    is(&backend, up).await;
    let line = labelled(&backend, &format!("Bearer {token}"), "external").await;
    assert!(line["credentialError"].is_null(), "{line}");
}

/// The first line that has this label, of requests with this token. A label is found out beside the request, which does not wait
/// for it: the first lines of a token may have none.
async fn labelled(backend: &RunningTestBackend, authorization: &str, label: &str) -> Value {
    let all = async {
        for round in 0.. {
            let path = format!("/api/catalog/{round}");
            backend.get(&path).header("authorization", authorization).await;
            let line = backend.await_log(|line| line["url"] == *path).await;
            if line["principalType"] == label {
                return line;
            }
        }
        unreachable!("there are rounds enough")
    };
    tokio::time::timeout(Duration::from_secs(10), all).await.expect("a label in time")
}

#[tokio::test]
async fn the_keys_of_users_are_asked_of_node_and_a_token_without_one_is_told() {
    let node = Node::start().await;
    node.answers(KEYS, 200, r#"{"keys":[]}"#);
    let backend = in_front_of(node.address).config(with_fields(json!([]))).start().await.unwrap();
    is(&backend, up).await;
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({ "typ": "vnd.backstage.user", "alg": "ES256", "kid": "k" }));
    let body = part(json!({ "sub": "user:default/guest", "iat": 1, "exp": 9_999_999_999_u64 }));
    let token = format!("Bearer {head}.{body}.{}", BASE64_URL_SAFE_NO_PAD.encode([0; 64]));
    let line = labelled(&backend, &token, "invalid").await;
    assert_eq!(line["credentialError"], "unknown key", "{line}");
    node.asked(KEYS).await;
}
