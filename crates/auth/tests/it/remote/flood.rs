//! Many tokens that somebody made up.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
    mpsc,
};

use greenroom_auth::{
    ExternalTokens, InvalidToken, Issuer,
    TokenLabel::{self, Invalid, Service, Unverified, User},
};
use http::HeaderMap;
use serde_json::json;

use super::kit::{Labels, Remote, Signer};

const FORGED: usize = 10_000;

fn known(signers: &[&Signer]) -> (Remote, Labels) {
    let remote = Remote::new();
    remote.publish(&Issuer::Users, signers);
    let labels = remote.labels(ExternalTokens::default());
    (remote, labels)
}

#[tokio::test]
async fn ten_thousand_forged_tokens_ask_for_no_more_keys_and_leave_good_ones_known() {
    let auth = Signer::named("auth-1");
    let (remote, labels) = known(&[&auth]);
    let good = auth.user(json!({}));
    assert_eq!(labels.settled(&good).await, User);
    let mut checked = 0;
    for index in 0..FORGED {
        // Some by a key that exists, some by one that does not, some by plugins that do not.
        let claims =
            |sub: &str| json!({"sub": sub, "aud": "search", "iat": 1, "exp": u32::MAX, "jti": index});
        let header = |typ: &str, kid: &str| json!({"typ": typ, "alg": "ES256", "kid": kid});
        let (header, claims) = match index % 3 {
            0 => (header("vnd.backstage.user", "auth-1"), claims("user:default/eve")),
            1 => (header("vnd.backstage.user", &format!("key-{index}")), claims("user:default/eve")),
            _ => (header("vnd.backstage.plugin", "catalog-1"), claims(&format!("plugin-{index}"))),
        };
        let part = |json: &serde_json::Value| {
            base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, json.to_string())
        };
        let forged = format!("{}.{}.{}", part(&header), part(&claims), "A".repeat(86));
        let label = labels.bearer(&forged).await;
        checked += usize::from(label == Invalid(InvalidToken::BadSignature));
        assert!(matches!(label, Invalid(_) | Unverified), "{label:?}");
    }
    assert_eq!(labels.at_once(&good), Some(User));
    assert_eq!(remote.asked_for(&Issuer::Users), 1);
    assert!(remote.asked() <= 65, "{}", remote.asked());
    // The clock stood still: no more signatures than in one second.
    assert!((900..=1_000).contains(&checked), "{checked}");
    // A minute later the plugins that do not exist make room for one that does.
    let catalog = Signer::named("catalog-1");
    remote.publish(&Issuer::Plugin("catalog".into()), &[&catalog]);
    assert_eq!(labels.bearer(&catalog.plugin(json!({}))).await, Unverified);
    remote.advance(61);
    assert_eq!(labels.settled(&catalog.plugin(json!({}))).await, Service);
}

#[tokio::test]
async fn when_too_many_wait_the_next_is_unverified_at_once_and_none_is_left_untold() {
    let auth = Signer::named("auth-1");
    let (_remote, labels) = known(&[&auth]);
    let good = auth.user(json!({}));
    assert_eq!(labels.settled(&good).await, User);
    // Somebody's `tell` holds the thread.
    let (entered, is_in) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let headers = |index: usize| {
        HeaderMap::from_iter([(http::header::AUTHORIZATION, format!("Bearer word-{index}").parse().unwrap())])
    };
    labels.0.look(&headers(0), move |_| {
        entered.send(()).unwrap();
        released.recv().unwrap();
    });
    is_in.recv().unwrap();
    let (told, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (all, mut done) = tokio::sync::mpsc::unbounded_channel();
    for index in 1..=2_000 {
        let (told, refused, all) = (told.clone(), refused.clone(), all.clone());
        labels.0.look(&headers(index), move |label: TokenLabel| {
            told.fetch_add(1, Ordering::Relaxed);
            refused.fetch_add(usize::from(label == Unverified), Ordering::Relaxed);
            all.send(()).unwrap();
        });
    }
    assert_eq!((told.load(Ordering::Relaxed), refused.load(Ordering::Relaxed)), (976, 976));
    assert_eq!(labels.at_once(&good), Some(User), "who is known waits for nobody");
    release.send(()).unwrap();
    for _ in 0..2_000 {
        done.recv().await.unwrap();
    }
    assert_eq!(refused.load(Ordering::Relaxed), 976);
}

#[tokio::test]
async fn who_panics_when_told_holds_up_nobody() {
    let auth = Signer::named("auth-1");
    let (_remote, labels) = known(&[&auth]);
    let headers = HeaderMap::from_iter([(http::header::AUTHORIZATION, "Bearer a-word".parse().unwrap())]);
    labels.0.look(&headers, |_| panic!("no line to write to"));
    assert_eq!(labels.settled(&auth.user(json!({}))).await, User);
}
