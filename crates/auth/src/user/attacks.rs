//! What is refused, and what looks odd and is not: each token here is built by hand, most of them by who has the key.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use greenroom_errors::describe;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde_json::{Map, Value, json};

use super::{AuthBackend, UserClaims, UserTokenIssuer, UserTokens, encoded, limited};
use crate::{
    Auth, AuthenticateOptions, BoxFuture, Clock, Credentials, ExternalTokens, PublicKey, SigningAlgorithm,
    SigningKey,
};

const NOW: u64 = 1_795_332_868;

struct Keys(Vec<PublicKey>);

impl AuthBackend for Keys {
    fn keys<'a>(&'a self, kid: &'a str) -> BoxFuture<'a, greenroom_errors::Result<Vec<PublicKey>>> {
        let found = self.0.iter().filter(|key| key.kid() == kid).cloned().collect();
        Box::pin(async { Ok(found) })
    }

    fn ownership<'a>(
        &'a self,
        _: &'a Credentials,
    ) -> BoxFuture<'a, greenroom_errors::Result<Option<Vec<String>>>> {
        Box::pin(async { Ok(None) })
    }
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// A plugin's `Auth` at a time, with these keys.
fn auth_at(seconds: u64, keys: Vec<PublicKey>) -> Auth {
    let users = UserTokens::new(Clock::new(move || at(seconds)));
    users.set_auth_backend(Keys(keys)).unwrap();
    let (_, logger) = logger();
    Auth::of_plugin("catalog", users, ExternalTokens::default(), logger)
}

fn logger() -> (greenroom_logging::CaptureSink, greenroom_logging::Logger) {
    let lines = greenroom_logging::CaptureSink::new();
    (lines.clone(), greenroom_logging::RootLogger::builder().sink(lines).build().plugin("catalog"))
}

fn key() -> SigningKey {
    SigningKey::generate(SigningAlgorithm::Es256).unwrap()
}

fn issuer() -> UserTokenIssuer {
    UserTokenIssuer {
        issuer: "http://localhost:7007/api/auth".into(),
        lifetime: Duration::from_secs(3600),
        omits_ownership: true,
    }
}

fn token_of(key: &SigningKey) -> String {
    issuer().issue(key, &UserClaims::new("user:default/ada", ["user:default/ada"]), at(NOW)).unwrap()
}

/// A token with these parts, signed as it should be.
fn signed(key: &SigningKey, header: &Value, payload: &Value) -> String {
    let content = format!("{}.{}", encoded(header), encoded(payload));
    format!("{content}.{}", key.sign(&content).unwrap())
}

fn header(key: &SigningKey) -> Value {
    json!({"typ": "vnd.backstage.user", "alg": "ES256", "kid": key.public().kid()})
}

fn payload() -> Value {
    json!({"sub": "user:default/ada", "aud": "backstage", "iat": NOW, "exp": NOW + 3600})
}

/// The same with other members; null takes one away.
fn with(mut json: Value, members: Value) -> Value {
    let (Value::Object(all), Value::Object(members)) = (&mut json, members) else { unreachable!() };
    for (name, value) in members {
        match value {
            Value::Null => _ = all.shift_remove(&name),
            value => _ = all.insert(name, value),
        }
    }
    json
}

async fn refusal(auth: &Auth, token: &str) -> (u16, String) {
    match auth.authenticate(token).await {
        Ok(credentials) => (200, credentials.principal().to_string()),
        Err(error) => (describe(&*error).status(), error.to_string()),
    }
}

fn unproved() -> (u16, String) {
    (401, "Failed user token verification".to_owned())
}

fn ada() -> (u16, String) {
    (200, "user:default/ada".to_owned())
}

#[tokio::test]
async fn auth_12_a_user_token_is_the_user_until_it_expires() {
    let key = key();
    let token = token_of(&key);
    let keys = || vec![key.public().clone()];
    let credentials = auth_at(NOW, keys()).authenticate(&token).await.unwrap();
    assert_eq!(credentials.require_user().unwrap(), "user:default/ada");
    assert_eq!(credentials.expires_at(), Some(at(NOW + 3600)));
    assert_eq!(credentials.token(), Some(&*token));
    assert_eq!(refusal(&auth_at(NOW + 3599, keys()), &token).await, ada());
    // No clock is given leeway: not in the second in which it expires, nor in the one after.
    assert_eq!(refusal(&auth_at(NOW + 3600, keys()), &token).await, unproved());
    assert_eq!(refusal(&auth_at(NOW + 3601, keys()), &token).await, unproved());
}

#[tokio::test]
async fn auth_15_a_limited_token_is_the_user_only_where_limited_access_will_do() {
    let key = key();
    let auth = auth_at(NOW, vec![key.public().clone()]);
    let limited = limited(&token_of(&key)).unwrap();
    assert_eq!(limited.expires_at, at(NOW + 3600));
    assert_eq!(refusal(&auth, &limited.token).await, (401, "Illegal limited user token".into()));
    let options = AuthenticateOptions { allow_limited_access: true };
    let credentials = auth.authenticate_with(&limited.token, options).await.unwrap();
    assert_eq!(credentials.require_user().unwrap(), "user:default/ada");
    // One that proves nothing is told so, whatever is allowed.
    let forged = format!("{}.AAAA", limited.token.rsplit_once('.').unwrap().0);
    assert_eq!(refusal(&auth, &forged).await, unproved());
    // It cannot be cut down further, and comes from credentials as from their token.
    assert_eq!(super::limited(&limited.token).unwrap(), limited);
    let whole = auth.authenticate(&token_of(&key)).await.unwrap();
    assert_eq!(auth.limited_user_token(&whole).await.unwrap().expires_at, limited.expires_at);
    let none = auth.limited_user_token(&Credentials::none()).await.unwrap_err();
    assert_eq!(none.to_string(), "User credentials is unexpectedly missing token");
}

#[tokio::test]
async fn auth_16_a_token_that_was_changed_is_refused_for_good() {
    let key = key();
    let auth = auth_at(NOW, vec![key.public().clone()]);
    let token = token_of(&key);
    let parts: Vec<&str> = token.split('.').collect();
    let eve = encoded(&with(payload(), json!({"sub": "user:default/eve"})));
    for tampered in [
        format!("{}.{eve}.{}", parts[0], parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{}.{}", parts[0], parts[1], URL_SAFE_NO_PAD.encode([0; 64])),
        format!("{}.{}.{}.a.b", parts[0], parts[1], parts[2]),
        signed(&self::key(), &header(&key), &payload()),
    ] {
        assert_eq!(refusal(&auth, &tampered).await, unproved(), "{tampered}");
    }
}

#[tokio::test]
async fn the_algorithm_is_the_keys_whatever_the_token_says() {
    let key = key();
    let auth = auth_at(NOW, vec![key.public().clone()]);
    for alg in ["none", "None", "HS256", "RS256", "ES384", "EdDSA", ""] {
        let content =
            format!("{}.{}", encoded(&with(header(&key), json!({"alg": alg}))), encoded(&payload()));
        for signature in ["".to_owned(), key.sign(&content).unwrap()] {
            assert_eq!(refusal(&auth, &format!("{content}.{signature}")).await, unproved(), "{alg}");
        }
    }
    // The oldest trick: what everybody can read, taken as a secret.
    let content =
        format!("{}.{}", encoded(&with(header(&key), json!({"alg": "HS256"}))), encoded(&payload()));
    let jwk = serde_json::to_string(key.public()).unwrap();
    let point =
        ["x", "y"].map(|name| URL_SAFE_NO_PAD.decode(json!(key.public())[name].as_str().unwrap()).unwrap());
    for secret in [jwk.into_bytes(), [vec![4], point.concat()].concat()] {
        let secret = EncodingKey::from_secret(&secret).unwrap();
        let signature = crypto::sign(content.as_bytes(), &secret, Algorithm::HS256).unwrap();
        assert_eq!(refusal(&auth, &format!("{content}.{signature}")).await, unproved());
    }
}

#[tokio::test]
async fn auth_17_a_token_of_a_kind_is_held_to_all_that_this_kind_requires() {
    let key = key();
    let auth = auth_at(NOW, vec![key.public().clone()]);
    let user = |members: Value| signed(&key, &header(&key), &with(payload(), members));
    let typed = |typ: Value| signed(&key, &with(header(&key), json!({"typ": typ})), &payload());
    assert_eq!(refusal(&auth, &user(json!({}))).await, ada());
    for missing in ["sub", "iat", "exp"] {
        assert_eq!(refusal(&auth, &user(json!({ missing: null }))).await, unproved(), "{missing}");
    }
    for odd in [json!({"exp": "soon"}), json!({"iat": "now"}), json!({"exp": 1e300}), json!({"exp": -1})] {
        assert_eq!(refusal(&auth, &user(odd)).await, unproved());
    }
    for empty in [json!({"sub": ""}), json!({"sub": 7})] {
        assert_eq!(refusal(&auth, &user(empty)).await, (401, "No user sub found in token".into()));
    }
    // As in Node, a token may have been issued by a clock that is ahead, and is not good before it says so.
    assert_eq!(refusal(&auth, &user(json!({"iat": NOW + 60}))).await, ada());
    assert_eq!(refusal(&auth, &user(json!({"nbf": NOW + 1}))).await, unproved());
    // Nor is its audience asked for, unless that alone makes it a user's.
    assert_eq!(refusal(&auth, &user(json!({"aud": "catalog"}))).await, ada());
    assert_eq!(refusal(&auth, &typed(Value::Null)).await, ada());
    assert_eq!(refusal(&auth, &typed("JWT".into())).await, ada());
    let untyped =
        |members| signed(&key, &with(header(&key), json!({"typ": null})), &with(payload(), members));
    assert_eq!(refusal(&auth, &untyped(json!({"aud": "catalog"}))).await, (401, "Illegal token".into()));
    let endless = (401, "User token is missing expiration".into());
    assert_eq!(refusal(&auth, &untyped(json!({"exp": null}))).await, endless);
    // The type is compared letter by letter.
    let loud = typed("VND.BACKSTAGE.USER".into());
    assert_eq!(refusal(&auth, &loud).await, ada(), "it is untyped, and for users");
    assert_eq!(
        refusal(&auth, &typed("vnd.backstage.plugin".into())).await,
        (401, "Failed plugin token verification".into())
    );
}

#[tokio::test]
async fn a_critical_header_is_refused_whatever_it_holds() {
    let key = key();
    let auth = auth_at(NOW, vec![key.public().clone()]);
    for crit in [json!(["exp"]), json!([]), json!(["b64"]), json!("exp")] {
        let header = with(header(&key), json!({"b64": true, "crit": crit}));
        assert_eq!(refusal(&auth, &signed(&key, &header, &payload())).await, unproved(), "{crit}");
    }
}

#[tokio::test]
async fn the_key_is_the_one_that_the_token_names() {
    let (key, other) = (key(), self::key());
    let token = token_of(&key);
    assert_eq!(refusal(&auth_at(NOW, vec![]), &token).await, unproved());
    assert_eq!(refusal(&auth_at(NOW, vec![other.public().clone()]), &token).await, unproved());
    let both = vec![other.public().clone(), key.public().clone()];
    assert_eq!(refusal(&auth_at(NOW, both), &token).await, ada());
    // Two keys of one name: which is meant cannot be known.
    let twice = vec![key.public().clone(), key.public().clone()];
    assert_eq!(refusal(&auth_at(NOW, twice), &token).await, unproved());
    let nameless = signed(&key, &with(header(&key), json!({"kid": null})), &payload());
    assert_eq!(refusal(&auth_at(NOW, vec![key.public().clone()]), &nameless).await, unproved());
}

#[tokio::test]
async fn each_algorithm_verifies_what_it_signs() {
    for algorithm in SigningAlgorithm::ALL {
        let key = SigningKey::generate(algorithm).unwrap();
        let token = token_of(&key);
        assert_eq!(refusal(&auth_at(NOW, vec![key.public().clone()]), &token).await, ada(), "{algorithm:?}");
        let limited = limited(&token).unwrap().token;
        let said = refusal(&auth_at(NOW, vec![key.public().clone()]), &limited).await;
        assert_eq!(said.1, "Illegal limited user token", "{algorithm:?}");
    }
}

#[test]
fn auth_18_only_an_entity_reference_gets_a_token_and_none_that_no_header_holds() {
    let key = key();
    let refused = |claims: &UserClaims| issuer().issue(&key, claims, at(NOW)).unwrap_err().to_string();
    for sub in ["ada", "", "user:", "user:default/", ":default/ada", "user:/ada"] {
        let text = r#""sub" claim provided by the auth resolver is not a valid EntityRef."#;
        assert_eq!(refused(&UserClaims::new(sub, ["group:default/team"])), text, "{sub}");
    }
    let additional = Map::from_iter([("groups".to_owned(), json!("g".repeat(32_768)))]);
    let large = UserClaims { additional, ..UserClaims::new("user:default/ada", [""; 0]) };
    let text = refused(&large);
    assert!(
        text.starts_with("Failed to issue a new user token. The resulting token is excessively large"),
        "{text}"
    );
    assert!(!text.contains("ggg"), "{text}");
    let canonical = UserClaims::new("User:Ada", ["Group:Team", "group:default/team", "everybody"]);
    assert_eq!(
        (&*canonical.sub, canonical.ent),
        ("user:default/ada", vec!["group:default/team".into(), "everybody".into()])
    );
}

#[tokio::test]
async fn why_a_token_is_refused_is_told_to_the_log_alone_and_without_it() {
    let (lines, logger) = logger();
    let key = key();
    let users = UserTokens::new(Clock::new(|| at(NOW + 7200)));
    let auth = Auth::of_plugin("catalog", users.clone(), ExternalTokens::default(), logger);
    let token = token_of(&key);
    // Nobody to ask for keys is told once, and why.
    for _ in 0..3 {
        assert_eq!(refusal(&auth, &token).await, unproved());
    }
    users.set_auth_backend(Keys(vec![key.public().clone()])).unwrap();
    assert_eq!(refusal(&auth, &token).await, unproved());
    let lines = lines.json();
    let told: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
    assert_eq!(
        told,
        [
            "User tokens are refused: no plugin 'auth' has started in this backend, and the keys of one that runs \
             elsewhere are not fetched yet",
            r#"Failed to verify incoming user token "exp" claim timestamp check failed"#,
        ]
    );
    assert!(lines.iter().all(|line| !line.to_string().contains(&token)));
}

#[tokio::test]
async fn what_the_log_is_told_of_a_token_quotes_nothing_of_it() {
    let (lines, logger) = logger();
    let key = key();
    let users = UserTokens::new(Clock::new(|| at(NOW)));
    users.set_auth_backend(Keys(vec![key.public().clone()])).unwrap();
    let auth = Auth::of_plugin("catalog", users, ExternalTokens::default(), logger);
    let long = "x".repeat(11_000);
    let bad_header = |members| signed(&key, &with(header(&key), members), &payload());
    let token = token_of(&key);
    for (token, why) in [
        (bad_header(json!({"alg": long})), "its header is malformed"),
        (bad_header(json!({"kid": [long]})), "its header is malformed"),
        (bad_header(json!({"alg": "ES384"})), r#""alg" is not that of its key"#),
        (signed(&key, &header(&key), &json!(long)), "it is malformed"),
        (format!("{}.AAAA", token.rsplit_once('.').unwrap().0), "signature verification failed"),
    ] {
        assert_eq!(refusal(&auth, &token).await, unproved());
        let told = lines.json().pop().unwrap();
        assert_eq!(told["message"], format!("Failed to verify incoming user token {why}"));
    }
}

#[test]
fn there_is_one_auth_backend() {
    let users = UserTokens::new(Clock::default());
    users.set_auth_backend(Keys(vec![])).unwrap();
    let second = users.set_auth_backend(Keys(vec![])).unwrap_err();
    assert_eq!(second.to_string(), "User tokens have an auth backend already");
}

/// What a Node backend issued: a user's token, and the limited one that it made of it.
fn nodes_tokens() -> (&'static str, &'static str) {
    include_str!("../../tests/fixtures/node-tokens.txt").trim().split_once('\n').unwrap()
}

fn nodes_key() -> (Value, PublicKey) {
    let jwks: Value = serde_json::from_str(include_str!("../../tests/fixtures/node-jwks.json")).unwrap();
    let jwk = jwks["keys"][0].clone();
    let half = |name: &str| URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap()).unwrap();
    let point = [vec![4], half("x"), half("y")].concat();
    let kid = jwk["kid"].as_str().unwrap().into();
    (jwk, PublicKey::new(kid, SigningAlgorithm::Es256, &point))
}

#[tokio::test]
async fn auth_19_what_node_issued_is_verified_and_cut_down_to_the_same_bytes() {
    let (user, limited) = nodes_tokens();
    let (jwk, key) = nodes_key();
    assert_eq!(super::limited(user).unwrap().token, limited);
    assert_eq!(json!(key).to_string(), jwk.to_string());
    let auth = auth_at(NOW, vec![key]);
    assert_eq!(refusal(&auth, user).await, (200, "user:development/guest".into()));
    assert_eq!(refusal(&auth, limited).await, (401, "Illegal limited user token".into()));
}

#[test]
fn auth_19_what_we_issue_has_the_members_of_nodes_in_the_same_order() {
    let shape = |token: &str| {
        let parts = token.split('.').take(2).map(|part| super::decoded(part).unwrap());
        parts.map(|part| part.as_object().unwrap().keys().cloned().collect::<Vec<_>>()).collect::<Vec<_>>()
    };
    let (node, _) = nodes_tokens();
    let key = key();
    let ours = token_of(&key);
    assert_eq!(shape(&ours), shape(node));
    let names = |text: &str| {
        serde_json::from_str::<Value>(text).unwrap().as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(names(&serde_json::to_string(key.public()).unwrap()), names(&nodes_key().0.to_string()));
    // Without omission, ownership stands where Node has it.
    let whole = UserTokenIssuer { omits_ownership: false, ..issuer() };
    let claims = UserClaims {
        additional: Map::from_iter([("team".to_owned(), json!("blue"))]),
        ..UserClaims::new("user:default/ada", ["user:default/ada", "group:default/team"])
    };
    let token = whole.issue(&key, &claims, at(NOW)).unwrap();
    assert_eq!(shape(&token)[1], ["team", "iss", "sub", "ent", "aud", "iat", "exp", "uip"]);
}
