//! Users who signed in at the backend elsewhere, in plugins of this one.

use greenroom_auth::{
    Auth, AuthenticateOptions, Credentials, ExternalTokens, Issuer, RemoteAuth, UserInfo, UserTokens,
};
use greenroom_errors::{Error, describe};
use greenroom_logging::{CaptureSink, RootLogger};
use serde_json::json;

use super::kit::{Remote, Signer};

/// A plugin's `Auth`, what is known of users, and what the plugin logs.
fn backend(remote: &Remote) -> (Auth, UserInfo, CaptureSink) {
    let tokens = UserTokens::new(remote.clock());
    let user_info = |token: &str| {
        let is_known = token.len() < 1_000;
        let body =
            json!({"claims": {"sub": "user:default/ada", "ent": ["user:default/ada", "group:default/team"]}});
        let body = is_known.then(|| body.to_string().into_bytes());
        Box::pin(async move { Ok(body) }) as _
    };
    tokens.set_auth_backend(RemoteAuth::new(remote.keys(), user_info)).unwrap();
    let lines = CaptureSink::new();
    let logger = RootLogger::builder().sink(lines.clone()).build().plugin("tasks");
    let auth = Auth::of_plugin("tasks", tokens.clone(), ExternalTokens::default(), logger);
    (auth, UserInfo::of(tokens), lines)
}

async fn told(auth: &Auth, token: &str) -> (u16, String) {
    match auth.authenticate(token).await {
        Ok(credentials) => (200, credentials.principal().to_string()),
        Err(error) => (describe(&*error).status(), error.to_string()),
    }
}

fn ada() -> (u16, String) {
    (200, "user:default/ada".into())
}

fn refused() -> (u16, String) {
    (401, "Failed user token verification".into())
}

#[tokio::test]
async fn a_user_who_signed_in_elsewhere_is_the_user_here() {
    let (remote, auth) = (Remote::new(), Signer::named("auth-1"));
    remote.publish(&Issuer::Users, &[&auth]);
    let (tasks, users, _) = backend(&remote);
    // The first one waits for the keys, and so do all who come meanwhile.
    remote.hold(true);
    let user = auth.user(json!({}));
    let waiting = async { tokio::join!(told(&tasks, &user), told(&tasks, &user)) };
    let answering = async {
        while remote.asked() == 0 {
            tokio::task::yield_now().await;
        }
        remote.hold(false);
    };
    let (both, ()) = tokio::join!(waiting, answering);
    assert_eq!((both, remote.asked()), ((ada(), ada()), 1));
    let options = AuthenticateOptions { allow_limited_access: true };
    let limited = tasks.authenticate_with(&auth.limited(), options).await.unwrap();
    let known = users.user_info(&limited).await.unwrap();
    assert_eq!(known.ownership_entity_refs, ["user:default/ada", "group:default/team"]);
    // What the token says is not asked for.
    let owner = tasks.authenticate(&auth.user(json!({"ent": ["group:default/own"]}))).await.unwrap();
    assert_eq!(users.user_info(&owner).await.unwrap().ownership_entity_refs, ["group:default/own"]);
}

#[tokio::test]
async fn who_has_just_signed_in_is_accepted_and_forged_keys_ask_once_a_second() {
    let (first, second) = (Signer::named("auth-1"), Signer::named("auth-2"));
    let remote = Remote::new();
    remote.publish(&Issuer::Users, &[&first]);
    let (tasks, _, _) = backend(&remote);
    assert_eq!(told(&tasks, &first.user(json!({}))).await, ada());
    remote.publish(&Issuer::Users, &[&first, &second]);
    for index in 0..100 {
        assert_eq!(told(&tasks, &Signer::named("x").user(json!({"jti": index}))).await, refused());
    }
    assert_eq!(remote.asked(), 1);
    remote.advance(1);
    assert_eq!(told(&tasks, &second.user(json!({}))).await, ada());
    assert_eq!(remote.asked(), 2);
}

#[tokio::test]
async fn without_an_answer_users_are_refused_and_the_log_says_why() {
    let (remote, auth) = (Remote::new(), Signer::named("auth-1"));
    remote.set_down(true);
    let (tasks, _, lines) = backend(&remote);
    let user = auth.user(json!({}));
    assert_eq!(told(&tasks, &user).await, refused());
    let line = lines.json().pop().unwrap();
    assert_eq!(
        line["message"],
        "Failed to verify incoming user token no keys could be read: connection refused"
    );
    remote.set_down(false);
    remote.publish(&Issuer::Users, &[&auth]);
    remote.advance(1);
    assert_eq!(told(&tasks, &user).await, ada());
}

#[tokio::test]
async fn an_answer_about_a_user_that_is_none_is_an_error_without_it() {
    let remote = Remote::new();
    let of = |body: Option<&'static str>| {
        let tokens = UserTokens::new(remote.clock());
        let user_info =
            move |_: &str| Box::pin(async move { Ok(body.map(|body| body.as_bytes().to_vec())) }) as _;
        tokens.set_auth_backend(RemoteAuth::new(remote.keys(), user_info)).unwrap();
        UserInfo::of(tokens)
    };
    let ada = Credentials::of(greenroom_auth::Principal::user("user:default/ada")).with_token("a.b.c");
    for body in ["<html>secret", r#"{"claims":{"ent":"secret"}}"#, r#"{"claims":7}"#] {
        let error = of(Some(body)).user_info(&ada).await.unwrap_err().to_string();
        assert_eq!(error, "The auth backend's answer about a user has no claims");
    }
    for body in [None, Some(r#"{"claims":{"sub":"user:default/ada"}}"#)] {
        let error = of(body).user_info(&ada).await.unwrap_err().to_string();
        assert_eq!(error, "Ownership entity refs can not be determined");
    }
    let down = UserTokens::new(remote.clock());
    let user_info = |_: &str| Box::pin(async { Err(Error::new("connection refused").into()) }) as _;
    down.set_auth_backend(RemoteAuth::new(remote.keys(), user_info)).unwrap();
    assert_eq!(UserInfo::of(down).user_info(&ada).await.unwrap_err().to_string(), "connection refused");
}
