//! Providers of modules.

use greenroom::prelude::*;
use greenroom_plugin_auth::{AuthProvider, AuthProviders, DeclareAuthProvider, SignIn};
use http::request::Parts;
use serde_json::{Map, json};

use crate::kit::{backend, refusal};

/// Believes a header.
struct Proxy;

impl AuthProvider for Proxy {
    async fn sign_in(&self, request: &Parts) -> Result<SignIn> {
        let name = request.headers.get("x-forwarded-user").and_then(|name| name.to_str().ok());
        let name = name.ok_or_else(|| Error::authentication("The proxy names nobody"))?;
        let profile = Map::from_iter([("displayName".to_owned(), json!(name))]);
        Ok(SignIn { profile, ..SignIn::new(format!("user:default/{name}")) })
    }
}

fn proxy(id: &'static str) -> Module {
    undeclared(id).auth_provider(id)
}

fn undeclared(id: &'static str) -> Module {
    module("auth", format!("{id}-provider"), move |env| {
        env.register_init(async move |providers: AuthProviders| providers.register(id, Proxy));
    })
}

#[tokio::test]
async fn a_module_adds_a_provider_that_serves_once_it_is_configured() {
    let configured = backend(json!({"providers": {"proxy": {}}})).add(proxy("proxy")).start().await.unwrap();
    let answer = configured.get("/api/auth/proxy/refresh").header("x-forwarded-user", "ada").await;
    let session = answer.json();
    assert_eq!(session["profile"], json!({"displayName": "ada"}));
    assert_eq!(session["backstageIdentity"]["identity"]["userEntityRef"], "user:default/ada");
    let nobody = configured.get("/api/auth/proxy/refresh").await;
    assert_eq!(refusal(&nobody), (401, "AuthenticationError".into(), "The proxy names nobody".into()));

    let unused = backend(json!({})).add(proxy("proxy")).start().await.unwrap();
    let answer = unused.get("/api/auth/proxy/refresh").header("x-forwarded-user", "ada").await;
    assert_eq!(refusal(&answer).2, "No auth provider registered for 'proxy'");
}

#[tokio::test]
async fn whom_a_provider_vouches_for_must_be_an_entity() {
    let backend = backend(json!({"providers": {"proxy": {}}})).add(proxy("proxy")).start().await.unwrap();
    let answer = backend.get("/api/auth/proxy/refresh").header("x-forwarded-user", "").await;
    let text = r#""sub" claim provided by the auth resolver is not a valid EntityRef."#;
    assert_eq!(refusal(&answer), (500, "Error".into(), text.into()));
}

#[tokio::test]
async fn two_providers_of_one_id_fail_the_plugin() {
    let started = backend(json!({})).add(proxy("guest")).start().await;
    let error = started.unwrap_err().to_string();
    assert!(error.contains("Auth provider 'guest' was already registered"), "{error}");
}

#[tokio::test]
async fn a_provider_that_no_module_declares_fails_the_plugin_with_what_to_write() {
    let error = backend(json!({})).add(undeclared("proxy")).start().await.unwrap_err().to_string();
    assert!(error.contains(r#"add .auth_provider("proxy") to its module"#), "{error}");
}
