//! Keys of files: those that `openssl` makes, published and signed with.

use std::{fs, path::Path, process::Command};

use greenroom::prelude::*;
use greenroom_test::TestBackend;
use serde_json::{Value, json};

use crate::kit::{backend, decoded, guest, names, token};

const JWKS: &str = "/api/auth/.well-known/jwks.json";

/// Makes a pair with `openssl`, as its name says.
fn pair(dir: &Path, name: &str, algorithm: &[&str]) -> Value {
    let file = |half: &str| dir.join(format!("{name}-{half}.pem")).display().to_string();
    let (private, public) = (file("private"), file("public"));
    let openssl = |arguments: &[&str]| {
        let made = Command::new("openssl").args(arguments).output().expect("openssl is installed");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    };
    openssl(&[&["genpkey", "-out", &private], algorithm].concat());
    openssl(&["pkey", "-in", &private, "-pubout", "-out", &public]);
    json!({"keyId": name, "publicKeyFile": public, "privateKeyFile": private})
}

fn ec(dir: &Path, name: &str) -> Value {
    pair(dir, name, &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"])
}

fn store(keys: Value) -> Value {
    json!({"keyStore": {"provider": "static", "static": {"keys": keys}}})
}

#[tokio::test]
async fn auth_36_keys_of_files_sign_and_are_published_so_that_a_token_outlives_the_process() {
    let dir = tempfile::tempdir().unwrap();
    let (new, old) = (ec(dir.path(), "new"), ec(dir.path(), "old"));
    let before = backend(store(json!([old]))).start().await.unwrap();
    let session = guest(&before).await;
    assert_eq!(decoded(token(&session))[0]["kid"], "old");
    before.stop().await;

    let after = backend(store(json!([new, old]))).start().await.unwrap();
    assert_eq!(after.get("/api/whoami").with_token(token(&session)).await.status, 200);
    assert_eq!(decoded(token(&guest(&after).await))[0]["kid"], "new");
    let jwks = after.get(JWKS).await.json();
    let [first, second] = jwks["keys"].as_array().unwrap().as_slice() else { panic!("{jwks}") };
    assert_eq!(names(first), ["kty", "x", "y", "crv", "kid", "alg", "use"]);
    assert_eq!((&first["kid"], &second["kid"], &first["use"]), (&json!("new"), &json!("old"), &json!("sig")));
    let messages = after.captured().messages();
    assert!(messages.contains(&"Configuring \"static\" as KeyStore provider".to_owned()));
    assert!(!messages.iter().any(|line| line.contains("Signing keys are in memory")));
}

#[tokio::test]
async fn keys_of_other_algorithms_sign_too() {
    let dir = tempfile::tempdir().unwrap();
    for (algorithm, made) in [
        ("ES384", &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"][..]),
        ("EdDSA", &["-algorithm", "ED25519"]),
    ] {
        let mut key = pair(dir.path(), algorithm, made);
        key["algorithm"] = json!(algorithm);
        let backend = backend(store(json!([key]))).start().await.unwrap();
        let session = guest(&backend).await;
        assert_eq!(decoded(token(&session))[0]["alg"], algorithm);
        assert_eq!(backend.get("/api/whoami").with_token(token(&session)).await.status, 200);
    }
}

/// A plugin of which others ask by which keys it signs.
fn quiet() -> Plugin {
    plugin("quiet", |env| env.register_init(async |_: HttpRouter| Ok(())))
}

/// A backend whose plugins have these keys.
fn plugins(key_store: Value) -> TestBackend {
    let config = json!({"backend": {"auth": {"pluginKeyStore": key_store}}});
    TestBackend::new().config(config).add(Auth::factory()).add(quiet())
}

#[tokio::test]
async fn auth_37_every_plugin_publishes_the_static_keys_of_plugins() {
    let dir = tempfile::tempdir().unwrap();
    let (first, mut second) = (ec(dir.path(), "first"), ec(dir.path(), "second"));
    second.as_object_mut().unwrap().remove("privateKeyFile");
    let named = json!({"type": "static", "static": {"keys": [first, second]}});
    let jwks = "/api/quiet/.backstage/auth/v1/jwks.json";
    let published = plugins(named).start().await.unwrap().get(jwks).await.json();
    let [first, second] = published["keys"].as_array().unwrap().as_slice() else { panic!("{published}") };
    assert_eq!(names(first), ["kty", "x", "y", "crv", "kid", "alg"]);
    assert_eq!(
        (&first["kid"], &second["kid"], &first["alg"]),
        (&json!("first"), &json!("second"), &json!("ES256"))
    );
    let none = plugins(json!({"type": "database"})).start().await.unwrap().get(jwks).await.json();
    assert_eq!(none, json!({"keys": []}));
}

#[tokio::test]
async fn what_is_wrong_with_a_key_is_told_with_its_file_and_nothing_of_what_is_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let (key, other) = (ec(dir.path(), "key"), ec(dir.path(), "other"));
    let ed = pair(dir.path(), "ed", &["-algorithm", "ED25519"]);
    let text = dir.path().join("text.pem").display().to_string();
    fs::write(&text, "-----BEGIN PRIVATE KEY-----\nsesame*\n-----END PRIVATE KEY-----\n").unwrap();
    let with = |member: &str, value: &Value| {
        let mut key = key.clone();
        key[member] = value.clone();
        key
    };
    let missing = dir.path().join("missing.pem").display().to_string();
    for (entry, expected) in [
        (with("publicKeyFile", &json!(missing)), "missing.pem' cannot be read: No such file"),
        (with("privateKeyFile", &json!(text)), "text.pem' has no 'PRIVATE KEY' in PEM"),
        (with("publicKeyFile", &json!(text)), "text.pem' has no 'PUBLIC KEY' in PEM"),
        (with("publicKeyFile", &ed["publicKeyFile"]), "ed-public.pem' is none for ES256"),
        (with("privateKeyFile", &other["privateKeyFile"]), "or not that of the public key in"),
        (with("privateKeyFile", &ed["privateKeyFile"]), "ed-private.pem' is none for ES256"),
        (with("algorithm", &json!("RS256")), "Unsupported algorithm 'RS256', expected one of 'ES256'"),
        (with("keyId", &Value::Null), "keyId"),
    ] {
        let of_users = backend(store(json!([entry.clone()]))).start().await.unwrap_err().to_string();
        let named = json!({"type": "static", "static": {"keys": [entry]}});
        let of_plugins = plugins(named).start().await.unwrap_err().to_string();
        for error in [of_users, of_plugins] {
            assert!(error.contains(expected) && !error.contains("sesame"), "{expected}: {error}");
        }
    }
    let twice = json!([key.clone(), with("keyId", &json!("key"))]);
    let error = backend(store(twice)).start().await.unwrap_err().to_string();
    assert!(
        error.contains("Another key of auth.keyStore.static.keys has the keyId 'key' already"),
        "{error}"
    );
    let pipe = json!([with("publicKeyFile", &json!(dir.path().display().to_string()))]);
    let error = backend(store(pipe)).start().await.unwrap_err().to_string();
    assert!(error.contains("is no regular file"), "{error}");
    let public_alone = with("privateKeyFile", &Value::Null);
    for (key_store, expected) in [
        (
            json!({"type": "static"}),
            "Missing required config value at 'backend.auth.pluginKeyStore.static.keys'",
        ),
        (json!({"type": "static", "static": {"keys": []}}), "has no key pair, at least one is needed"),
        (json!({"type": "static", "static": {"keys": [public_alone]}}), "privateKeyFile"),
        (
            json!({"type": "vault"}),
            "Unsupported config value backend.auth.pluginKeyStore.type 'vault'; expected one of 'database', 'static'",
        ),
    ] {
        let error = plugins(key_store).start().await.unwrap_err().to_string();
        assert!(error.contains(expected), "{expected}: {error}");
    }
}
