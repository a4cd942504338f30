//! The keys that sign tokens and that others verify them by.

use serde_json::{Value, json};

use crate::kit::{ManualClock, NOW, backend, decoded, guest, names, token};

const JWKS: &str = "/api/auth/.well-known/jwks.json";

#[tokio::test]
async fn auth_24_keys_are_made_at_the_first_sign_in_and_published_as_nodes_are() {
    let backend = backend(json!({})).start().await.unwrap();
    assert_eq!(backend.get(JWKS).await.json(), json!({"keys": []}));
    let [header, _] = decoded(token(&guest(&backend).await));
    let jwks = backend.get(JWKS).await.json();
    let [key] = jwks["keys"].as_array().unwrap().as_slice() else { panic!("{jwks}") };
    assert_eq!(names(key), ["kty", "x", "y", "crv", "kid", "alg"]);
    assert_eq!((&key["kty"], &key["crv"], &key["alg"]), (&json!("EC"), &json!("P-256"), &json!("ES256")));
    assert_eq!(key["kid"], header["kid"]);
    guest(&backend).await;
    assert_eq!(backend.get(JWKS).await.json(), jwks);
}

#[tokio::test]
async fn auth_25_a_key_signs_for_one_lifetime_and_is_listed_for_three() {
    let time = ManualClock::at(NOW);
    let config = json!({"backstageTokenExpiration": {"minutes": 10}});
    let backend = backend(config).add(time.factory()).start().await.unwrap();
    let kids = async || -> Vec<Value> {
        let jwks = backend.get(JWKS).await.json();
        jwks["keys"].as_array().unwrap().iter().map(|key| key["kid"].clone()).collect()
    };
    let signs = async || decoded(token(&guest(&backend).await))[0]["kid"].clone();
    let first = signs().await;
    time.advance(599);
    assert_eq!(signs().await, first);
    time.advance(1);
    let second = signs().await;
    assert_ne!(second, first);
    assert_eq!(kids().await, [first.clone(), second.clone()]);
    time.advance(1200);
    assert_eq!(kids().await, [first.clone(), second.clone()]);
    time.advance(1);
    assert_eq!(kids().await, [second]);
    let messages = backend.captured().messages();
    assert!(messages.contains(&"Signing key has expired, generating new key".to_owned()));
    assert!(messages.contains(&format!("Removing expired signing keys, '{}'", first.as_str().unwrap())));
}

#[tokio::test]
async fn other_algorithms_are_a_choice() {
    for (algorithm, kind) in [("ES384", "EC"), ("EdDSA", "OKP")] {
        let backend = backend(json!({"identityTokenAlgorithm": algorithm})).start().await.unwrap();
        let session = guest(&backend).await;
        assert_eq!(decoded(token(&session))[0]["alg"], algorithm);
        assert_eq!(backend.get(JWKS).await.json()["keys"][0]["kty"], kind);
        assert_eq!(backend.get("/api/whoami").with_token(token(&session)).await.status, 200);
    }
}
