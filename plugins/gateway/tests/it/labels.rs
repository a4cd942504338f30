//! The line of a request that passes says who sent it, as far as Node's keys prove it.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use greenroom_plugin_gateway::{Gateway, UpstreamFrom};
use greenroom_test::RunningTestBackend;
use serde_json::{Value, json};

use crate::{
    node::Node,
    support::{in_front_of, is, up, with},
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

/// One that no key proves.
fn user_token() -> String {
    let part = |value: Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({ "typ": "vnd.backstage.user", "alg": "ES256", "kid": "k" }));
    let body = part(json!({ "sub": "user:default/guest", "iat": 1, "exp": 9_999_999_999_u64 }));
    format!("Bearer {head}.{body}.{}", BASE64_URL_SAFE_NO_PAD.encode([0; 64]))
}

#[tokio::test]
async fn the_keys_of_users_are_asked_of_node_and_a_token_without_one_is_told() {
    let node = Node::start().await;
    node.answers(KEYS, 200, r#"{"keys":[]}"#);
    let backend = in_front_of(node.address).config(with_fields(json!([]))).start().await.unwrap();
    is(&backend, up).await;
    let line = labelled(&backend, &user_token(), "invalid").await;
    assert_eq!(line["credentialError"], "unknown key", "{line}");
    node.asked(KEYS).await;
}

#[tokio::test]
async fn the_keys_of_a_new_start_are_asked_for_once_it_listens() {
    let first = Node::start().await;
    first.answers(KEYS, 200, r#"{"keys":[]}"#);
    let backend =
        with(UpstreamFrom::Child(first.address)).config(with_fields(json!([]))).start().await.unwrap();
    let proxy = backend.service::<Gateway>().await.unwrap().proxy().clone();
    proxy.starts(first.address, None);
    is(&backend, up).await;
    labelled(&backend, &user_token(), "invalid").await;
    first.asked(KEYS).await;
    proxy.ended("it ended with exit code 7".into());
    let second = Node::start().await;
    second.answers(KEYS, 200, r#"{"keys":[]}"#);
    proxy.starts(second.address, None);
    tokio::time::timeout(Duration::from_secs(10), second.asked(KEYS)).await.expect("its keys are asked for");
    assert!(up(&proxy.state().borrow()));
}

#[tokio::test]
async fn keys_of_nodes_plugins_that_only_node_can_read_keep_the_gateway_from_nothing() {
    let node = Node::start().await;
    let keys = json!([{ "keyId": "k", "publicKeyFile": "/nowhere/public.pem", "algorithm": "RS256" }]);
    let store = json!({ "type": "static", "static": { "keys": keys } });
    let config = json!({ "backend": { "auth": { "pluginKeyStore": store } } });
    let backend = in_front_of(node.address).config(config).add(greenroom::auth::Auth::factory());
    is(&backend.start().await.unwrap(), up).await;
}
