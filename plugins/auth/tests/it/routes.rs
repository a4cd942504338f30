//! What else is asked of the plugin, and what it says of what it is not.

use greenroom_test::TestResponse;
use http::Method;
use serde_json::json;

use crate::kit::{backend, guest, refusal, token};

#[tokio::test]
async fn auth_26_what_a_provider_cannot_do_and_who_is_none_is_told_in_backstages_words() {
    let backend = backend(json!({})).start().await.unwrap();
    let told = async |method: Method, path: &str| refusal(&backend.request(method, path).await);
    for path in ["start", "handler/frame"] {
        let text = "Not implemented".to_owned();
        let told = told(Method::GET, &format!("/api/auth/guest/{path}")).await;
        assert_eq!(told, (501, "NotImplementedError".into(), text));
    }
    for (method, path, provider) in [
        (Method::POST, "guest/logout", "guest"),
        (Method::GET, "guest", "guest"),
        (Method::PUT, "guest/refresh", "guest"),
        (Method::OPTIONS, "guest/refresh", "guest"),
        (Method::GET, "nope/refresh", "nope"),
        (Method::GET, "nope/start", "nope"),
        (Method::POST, "nope", "nope"),
        (Method::GET, "a%20b/refresh", "a b"),
        (Method::GET, "v1/authorize", "v1"),
        (Method::GET, ".well-known/nothing", ".well-known"),
    ] {
        let told = told(method, &format!("/api/auth/{path}")).await;
        assert_eq!(
            told,
            (404, "NotFoundError".into(), format!("Unknown auth provider '{provider}'")),
            "{path}"
        );
    }
    let slash = backend.get("/api/auth/guest/refresh/").await;
    assert_eq!(slash.status, 200);
    let empty = backend.get("/api/auth").await;
    assert_eq!((empty.status.as_u16(), empty.text()), (404, String::new()));
}

#[tokio::test]
async fn auth_26_a_provider_that_is_not_configured_is_told_apart() {
    for providers in [json!({"guest": null}), json!({}), json!(null)] {
        let backend = backend(json!({"providers": providers})).start().await.unwrap();
        for path in ["guest/refresh", "guest/start", "guest/logout", "guest"] {
            let answer = backend.get(&format!("/api/auth/{path}")).await;
            let text = "No auth provider registered for 'guest'";
            assert_eq!(refusal(&answer), (404, "NotFoundError".into(), text.into()), "{path}");
        }
    }
}

#[tokio::test]
async fn auth_30_malformed_json_is_refused_in_front_of_every_route() {
    let backend = backend(json!({})).start().await.unwrap();
    for path in ["guest/refresh", "guest/refresh/", "guest/start", "guest/logout", "nope", "v1/userinfo"] {
        let answer = backend
            .post(&format!("/api/auth/{path}"))
            .header("content-type", "application/json")
            .body("{bad")
            .await;
        let text = "Expected property name or '}' in JSON at position 1 (line 1 column 2)";
        assert_eq!(refusal(&answer), (400, "SyntaxError".into(), text.into()), "{path}");
        let error = &answer.json()["error"];
        assert_eq!((&error["body"], &error["type"]), (&json!("{bad"), &json!("entity.parse.failed")));
    }
    // What is no JSON, or is well-formed, is nobody's concern.
    for (kind, body) in
        [("text/plain", "{bad"), ("application/json", r#"{"a": 1}"#), ("application/json", "")]
    {
        let answer = backend.post("/api/auth/guest/refresh").header("content-type", kind).body(body).await;
        assert_eq!(answer.status, 200, "{kind} {body}: {}", answer.text());
    }
}

#[tokio::test]
async fn auth_27_guests_are_refused_outside_of_development_unless_the_config_lets_them_in() {
    let text = "The guest provider cannot be used outside of a development environment unless \
                'auth.providers.guest.dangerouslyAllowOutsideDevelopment' is enabled";
    for node_env in ["production", "test", ""] {
        let strict = backend(json!({})).node_env(node_env).start().await.unwrap();
        let answer = strict.get("/api/auth/guest/refresh").await;
        assert_eq!(refusal(&answer), (403, "NotAllowedError".into(), text.into()), "{node_env}");
        let told = strict
            .captured()
            .messages()
            .into_iter()
            .filter(|text| text.starts_with("Guests are refused"))
            .count();
        assert_eq!(told, 1);
        let open = json!({"providers": {"guest": {"dangerouslyAllowOutsideDevelopment": true}}});
        let open = backend(open).node_env(node_env).start().await.unwrap();
        assert_eq!(open.get("/api/auth/guest/refresh").await.status, 200);
        assert!(!open.captured().messages().iter().any(|text| text.starts_with("Guests are refused")));
    }
}

#[tokio::test]
async fn auth_28_userinfo_answers_whole_tokens_and_limited_ones() {
    let backend = backend(json!({})).start().await.unwrap();
    const PATH: &str = "/api/auth/v1/userinfo";
    let session = guest(&backend).await;
    let info = json!({"claims": {"sub": "user:development/guest", "ent": ["user:development/guest"]}});
    let whole = backend.get(PATH).with_token(token(&session)).await;
    assert_eq!((whole.status.as_u16(), whole.json()), (200, info.clone()));
    let limited = limited(token(&session));
    assert_eq!(backend.get(PATH).with_token(&limited).await.json(), info);
    assert_eq!(
        refusal(&backend.get("/api/whoami").with_token(&limited).await).2,
        "Illegal limited user token"
    );
    let told = |answer: TestResponse| refusal(&answer);
    assert_eq!(
        told(backend.get(PATH).await),
        (401, "AuthenticationError".into(), "No token provided".into())
    );
    let service = "Userinfo endpoint must be called with a token that represents a user principal";
    let answer = backend.get(PATH).with_token("mock-service-token").await;
    assert_eq!(told(answer), (400, "InputError".into(), service.into()));
    let stranger = backend.get(PATH).with_token("mock-user-token").await;
    assert_eq!((stranger.status.as_u16(), stranger.text()), (404, "User info not found".into()));
    assert_eq!(stranger.header("content-type"), Some("text/html; charset=utf-8"));
}

/// As any plugin cuts it, without a key: out of what the token itself says.
fn limited(token: &str) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let [header, claims] = crate::kit::decoded(token);
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let header =
        format!(r#"{{"typ":"vnd.backstage.limited-user","alg":{},"kid":{}}}"#, header["alg"], header["kid"]);
    let payload = format!(r#"{{"sub":{},"iat":{},"exp":{}}}"#, claims["sub"], claims["iat"], claims["exp"]);
    format!("{}.{}.{}", part(header), part(payload), claims["uip"].as_str().unwrap())
}

#[tokio::test]
async fn auth_29_the_openid_configuration_is_nodes_without_clients() {
    let backend = backend(json!({})).start().await.unwrap();
    let answer = backend.get("/api/auth/.well-known/openid-configuration").await;
    let base = "http://localhost:7007/api/auth";
    let expected = json!({
        "issuer": base,
        "token_endpoint": format!("{base}/v1/token"),
        "userinfo_endpoint": format!("{base}/v1/userinfo"),
        "jwks_uri": format!("{base}/.well-known/jwks.json"),
        "response_types_supported": ["code", "id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [
            "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "EdDSA"
        ],
        "scopes_supported": ["openid"],
        "token_endpoint_auth_methods_supported": [],
        "claims_supported": ["sub", "ent"],
        "grant_types_supported": ["authorization_code"],
        "authorization_endpoint": format!("{base}/v1/authorize"),
        "code_challenge_methods_supported": ["S256"],
    });
    assert_eq!(answer.json().to_string(), expected.to_string());
    let document = backend.get("/api/auth/.well-known/oauth-client/cli.json").await;
    let body = json!({"error": "not_found", "error_description": "Client ID metadata documents not enabled"});
    assert_eq!((document.status.as_u16(), document.json()), (404, body));
}
