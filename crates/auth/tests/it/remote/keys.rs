//! When a backend is asked for its keys, and what is said meanwhile.

use greenroom_auth::{
    ExternalTokens, InvalidToken, Issuer,
    TokenLabel::{Invalid, Service, Unverified, User},
};
use serde_json::json;

use super::kit::{Labels, NOW, Remote, Signer};

fn known(signers: &[&Signer]) -> (Remote, Labels) {
    let remote = Remote::new();
    remote.publish(&Issuer::Users, signers);
    let labels = remote.labels(ExternalTokens::default());
    (remote, labels)
}

const UNKNOWN_KEY: InvalidToken = InvalidToken::UnknownKey;

#[tokio::test]
async fn while_no_keys_have_come_a_label_is_unverified_and_waits_for_nothing() {
    let auth = Signer::named("auth-1");
    let (remote, labels) = known(&[&auth]);
    remote.hold(true);
    let user = auth.user(json!({}));
    for _ in 0..100 {
        assert_eq!(labels.bearer(&user).await, Unverified);
        remote.advance(1);
    }
    // What has expired has, whoever signed it.
    let expired = auth.user(json!({"exp": NOW - 1}));
    assert_eq!(labels.bearer(&expired).await, Invalid(InvalidToken::Expired));
    assert_eq!(remote.asked(), 1, "one question at a time");
    remote.hold(false);
    assert_eq!(labels.settled(&user).await, User);
}

#[tokio::test]
async fn an_unknown_key_is_asked_for_once_in_ten_seconds() {
    let (first, second) = (Signer::named("auth-1"), Signer::named("auth-2"));
    let (remote, labels) = known(&[&first]);
    assert_eq!(labels.settled(&first.user(json!({}))).await, User);
    // It may be younger than the keys that are known.
    let young = second.user(json!({}));
    assert_eq!(labels.bearer(&young).await, Unverified);
    let old = second.user(json!({"iat": NOW - 1}));
    for _ in 0..100 {
        assert_eq!(labels.bearer(&old).await, Invalid(UNKNOWN_KEY));
    }
    assert_eq!(remote.asked(), 1);
    remote.publish(&Issuer::Users, &[&first, &second]);
    remote.advance(10);
    assert_eq!(labels.bearer(&old).await, Unverified, "it is asked for");
    assert_eq!((labels.settled(&old).await, labels.settled(&young).await), (User, User));
    assert_eq!(remote.asked(), 2);
}

#[tokio::test]
async fn keys_stay_while_no_answer_comes() {
    let (auth, other) = (Signer::named("auth-1"), Signer::named("auth-2"));
    let (remote, labels) = known(&[&auth]);
    assert_eq!(labels.settled(&auth.user(json!({}))).await, User);
    remote.set_down(true);
    for hour in 1..4 {
        remote.advance(1_000);
        assert_eq!(labels.bearer(&auth.user(json!({"jti": hour}))).await, User);
    }
    // What nobody can be asked about is not said to be unknown.
    remote.advance(10);
    for _ in 0..10 {
        assert_eq!(labels.bearer(&other.user(json!({}))).await, Unverified);
    }
    remote.set_down(false);
    remote.advance(10);
    let unknown = other.user(json!({"iat": NOW}));
    assert_eq!(labels.settled(&unknown).await, Invalid(UNKNOWN_KEY));
}

#[tokio::test]
async fn an_answer_that_is_no_key_set_changes_nothing() {
    let auth = Signer::named("auth-1");
    let (remote, labels) = known(&[&auth]);
    assert_eq!(labels.settled(&auth.user(json!({}))).await, User);
    for (index, body) in [&b"<html>"[..], b"{}", b"", &vec![b'['; 70_000]].into_iter().enumerate() {
        remote.answer(&Issuer::Users, body.to_vec());
        remote.advance(600);
        let asked = remote.asked();
        while remote.asked() == asked {
            assert_eq!(labels.bearer(&auth.user(json!({"jti": index}))).await, User);
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn a_plugin_that_the_backend_does_not_have_is_asked_for_once_a_minute() {
    let catalog = Signer::named("catalog-1");
    let (remote, labels) = known(&[]);
    let plugin = Issuer::Plugin("catalog".into());
    let token = |index| catalog.plugin(json!({"jti": index}));
    assert_eq!(labels.settled(&token(0)).await, Invalid(UNKNOWN_KEY));
    for index in 1..60 {
        remote.advance(1);
        assert_eq!(labels.bearer(&token(index)).await, Invalid(UNKNOWN_KEY));
    }
    assert_eq!(remote.asked_for(&plugin), 1);
    remote.publish(&plugin, &[&catalog]);
    remote.advance(1);
    assert_eq!(labels.settled(&token(60)).await, Service);
    assert_eq!((remote.asked_for(&plugin), remote.asked()), (2, 2));
}

#[tokio::test]
async fn what_a_key_has_proved_is_forgotten_when_it_is_taken_back() {
    let (auth, restarted) = (Signer::named("auth-1"), Signer::named("auth-2"));
    let (remote, labels) = known(&[&auth]);
    let user = auth.user(json!({"iat": NOW - 1}));
    assert_eq!(labels.settled(&user).await, User);
    remote.publish(&Issuer::Users, &[&restarted]);
    remote.advance(10);
    assert_eq!(labels.settled(&restarted.user(json!({}))).await, User);
    assert_eq!(labels.bearer(&user).await, Invalid(UNKNOWN_KEY));
}

#[tokio::test]
async fn a_backend_that_was_started_again_is_asked_again() {
    let (auth, restarted) = (Signer::named("auth-1"), Signer::named("auth-2"));
    let remote = Remote::new();
    remote.publish(&Issuer::Users, &[&auth]);
    let keys = remote.keys();
    let labels = Labels(greenroom_auth::TokenLabels::new(keys.clone(), ExternalTokens::default()).unwrap());
    let user = auth.user(json!({"iat": NOW - 1}));
    assert_eq!(labels.settled(&user).await, User);
    remote.publish(&Issuer::Users, &[&restarted]);
    keys.refresh();
    while labels.bearer(&user).await == User {
        tokio::task::yield_now().await;
    }
    assert_eq!(labels.bearer(&user).await, Invalid(UNKNOWN_KEY));
    assert_eq!(remote.asked(), 2);
}

#[tokio::test]
async fn a_clock_that_is_set_back_stops_no_question() {
    let auth = Signer::named("auth-1");
    let (remote, labels) = known(&[]);
    let user = auth.user(json!({"iat": NOW - 7200}));
    assert_eq!(labels.settled(&user).await, Invalid(UNKNOWN_KEY));
    remote.set_back(3600);
    remote.publish(&Issuer::Users, &[&auth]);
    assert_eq!(labels.settled(&auth.user(json!({"iat": NOW - 7201}))).await, User);
}
