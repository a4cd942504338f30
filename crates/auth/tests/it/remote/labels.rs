//! What the access line says of each kind of token.

use greenroom_auth::{
    ExternalTokens, InvalidToken, Issuer,
    TokenLabel::{self, External, Invalid, Service, Unverified, User},
};
use greenroom_config::RootConfig;
use proptest::{collection::vec, prelude::*, test_runner::TestRunner};
use serde_json::json;

use super::kit::{Labels, NOW, Remote, Signer};

/// A backend whose users and whose plugin `catalog` have issued tokens, and labels that know its keys.
async fn known() -> (Remote, Labels, Signer, Signer) {
    known_with(ExternalTokens::default().with_static("a-static-token", "ci")).await
}

async fn known_with(external: ExternalTokens) -> (Remote, Labels, Signer, Signer) {
    let (remote, auth, catalog) = (Remote::new(), Signer::named("auth-1"), Signer::named("catalog-1"));
    remote.publish(&Issuer::Users, &[&auth]);
    remote.publish(&Issuer::Plugin("catalog".into()), &[&catalog]);
    let labels = remote.labels(external);
    assert_eq!(labels.bearer(&auth.user(json!({}))).await, Unverified, "no keys yet");
    assert_eq!(labels.settled(&auth.user(json!({}))).await, User);
    assert_eq!(labels.settled(&catalog.plugin(json!({}))).await, Service);
    (remote, labels, auth, catalog)
}

#[tokio::test]
async fn each_kind_of_token_has_nodes_principal_and_each_bad_one_its_reason() {
    let (_remote, labels, auth, catalog) = known().await;
    let other = Signer::named("auth-1");
    let user = auth.user(json!({}));
    let parts: Vec<_> = user.split('.').collect();
    let eve = auth.user(json!({"sub": "user:default/eve"}));
    let eve = [parts[0], eve.split('.').nth(1).unwrap(), parts[2]].join(".");
    let typed = |typ: &str| auth.token(typ, json!({}), json!({"sub": "user:default/ada"}));
    let ada = || json!({"sub": "user:default/ada", "aud": "backstage"});
    let headed = |header| auth.token("vnd.backstage.user", header, ada());
    let obo = |token: &str| catalog.plugin(json!({"obo": token}));
    for (what, token, label) in [
        ("user", user.clone(), User),
        ("limited user", auth.limited(), User),
        ("untyped, for users", headed(json!({"typ": null})), User),
        ("plugin", catalog.plugin(json!({})), Service),
        ("plugin for a user", obo(&auth.limited()), User),
        ("plugin for nobody", obo(""), Service),
        ("static", "a-static-token".into(), External),
        ("expired", auth.user(json!({"exp": NOW})), Invalid(InvalidToken::Expired)),
        ("for an expired user", obo(&auth.user(json!({"exp": NOW}))), Invalid(InvalidToken::Expired)),
        ("not begun", auth.user(json!({"nbf": NOW + 1})), Invalid(InvalidToken::NotYetValid)),
        ("tampered", eve, Invalid(InvalidToken::BadSignature)),
        ("of another key", other.user(json!({})), Invalid(InvalidToken::BadSignature)),
        ("for a forged user", obo(&other.limited()), Invalid(InvalidToken::BadSignature)),
        ("unsigned", format!("{}.{}.", parts[0], parts[1]), Invalid(InvalidToken::BadSignature)),
        ("of another algorithm", headed(json!({"alg": "HS256"})), Invalid(InvalidToken::BadSignature)),
        ("of no algorithm", headed(json!({"alg": "none"})), Invalid(InvalidToken::Malformed)),
        ("critical", headed(json!({"crit": ["exp"]})), Invalid(InvalidToken::Malformed)),
        ("without a key", headed(json!({"kid": null})), Invalid(InvalidToken::Malformed)),
        ("without exp", auth.user(json!({"exp": null})), Invalid(InvalidToken::Malformed)),
        ("without sub", auth.user(json!({"sub": null})), Invalid(InvalidToken::Malformed)),
        ("plugin without aud", catalog.plugin(json!({"aud": null})), Invalid(InvalidToken::Malformed)),
        ("plugin of odd name", catalog.plugin(json!({"sub": "a/../b"})), Invalid(InvalidToken::Malformed)),
        ("plugin for a plugin", obo(&catalog.plugin(json!({}))), Invalid(InvalidToken::Malformed)),
        ("plugin for a word", obo("ada"), Invalid(InvalidToken::Malformed)),
        ("plugin for a number", catalog.plugin(json!({"obo": 7})), Invalid(InvalidToken::Malformed)),
        ("in five parts", format!("{user}.a.b"), Invalid(InvalidToken::Malformed)),
        ("of somebody else", typed("at+jwt"), Invalid(InvalidToken::WrongType)),
        ("a word", "a-static-tokem".into(), Invalid(InvalidToken::UnknownToken)),
        ("three words", "a.b.c".into(), Invalid(InvalidToken::UnknownToken)),
    ] {
        assert_eq!(labels.bearer(&token).await, label, "{what}");
        let is_kept = label != Invalid(InvalidToken::NotYetValid);
        assert_eq!(labels.at_once(&token), is_kept.then_some(label), "{what}, once more");
    }
    // A user's key signs no plugin's token, nor the other way round.
    assert_eq!(labels.bearer(&auth.plugin(json!({"sub": "catalog"}))).await, Unverified);
    assert_eq!(labels.bearer(&catalog.user(json!({}))).await, Unverified);
}

#[tokio::test]
async fn what_node_issued_is_a_user_by_nodes_own_keys() {
    let (user, limited) = include_str!("../../fixtures/node-tokens.txt").trim().split_once('\n').unwrap();
    let remote = Remote::new();
    remote.answer(&Issuer::Users, include_bytes!("../../fixtures/node-jwks.json").to_vec());
    let labels = remote.labels(ExternalTokens::default());
    assert_eq!((labels.settled(user).await, labels.bearer(limited).await), (User, User));
    assert_eq!(labels.of(&[("cookie", &format!("backstage-auth={limited}"))]).await, User);
}

#[tokio::test]
async fn what_a_label_says_is_one_of_a_few_words() {
    let reasons = [
        InvalidToken::Expired,
        InvalidToken::NotYetValid,
        InvalidToken::UnknownKey,
        InvalidToken::BadSignature,
        InvalidToken::WrongType,
        InvalidToken::UnknownToken,
        InvalidToken::Malformed,
    ];
    let told = |label: TokenLabel| (label.principal_type(), label.error());
    assert_eq!(
        reasons.map(|why| told(Invalid(why)).1.unwrap()),
        [
            "expired",
            "not yet valid",
            "unknown key",
            "bad signature",
            "wrong type",
            "unknown token",
            "malformed"
        ]
    );
    assert_eq!(
        [TokenLabel::None, User, Service, External, Unverified, Invalid(InvalidToken::Expired)].map(told),
        [
            ("none", None),
            ("user", None),
            ("service", None),
            ("external", None),
            ("unverified", None),
            ("invalid", Some("expired"))
        ]
    );
}

#[tokio::test]
async fn tokens_are_read_where_backstage_reads_them() {
    let (_remote, labels, auth, _) = known().await;
    let (user, limited) = (auth.user(json!({})), auth.limited());
    let (bearer, cookie) = (format!("Bearer {user}"), format!("a=b; backstage-auth={limited}"));
    assert_eq!(labels.of(&[]).await, TokenLabel::None);
    assert_eq!(labels.of(&[("authorization", "Basic YTpi")]).await, TokenLabel::None);
    assert_eq!(labels.of(&[("cookie", &cookie)]).await, User);
    // A bearer token counts, whatever the cookie is worth.
    let nobody = [("authorization", "Bearer nobody's"), ("cookie", &*cookie)];
    assert_eq!(labels.of(&nobody).await, Invalid(InvalidToken::UnknownToken));
    assert_eq!(labels.of(&[("authorization", &bearer), ("cookie", "backstage-auth=x")]).await, User);
    // A WebSocket: the first that proves something, and names of protocols are no bad tokens.
    let upgrade = ("upgrade", "websocket");
    let asked = async |protocols: &str| labels.of(&[upgrade, ("sec-websocket-protocol", protocols)]).await;
    assert_eq!(asked(&user).await, User);
    assert_eq!(asked(&format!("graphql-ws, {user}")).await, User);
    assert_eq!(asked("graphql-ws, base64.channel.k8s.io").await, TokenLabel::None);
    let expired = auth.user(json!({"exp": NOW - 1}));
    assert_eq!(asked(&format!("graphql-ws, {expired}")).await, Invalid(InvalidToken::Expired));
    assert_eq!(asked(&format!("{expired}, {user}")).await, User);
    assert_eq!(asked("1, 2, 3, 4, 5, 6").await, Unverified, "too many to look at");
    assert_eq!(labels.of(&[upgrade, ("cookie", &cookie)]).await, TokenLabel::None);
    assert_eq!(labels.of(&[("sec-websocket-protocol", &user)]).await, TokenLabel::None);
}

#[tokio::test]
async fn a_label_from_the_cache_expires_with_its_token() {
    let (remote, labels, auth, catalog) = known().await;
    let user = auth.user(json!({"exp": NOW + 100}));
    let on_behalf = catalog.plugin(json!({"obo": auth.user(json!({"exp": NOW + 50}))}));
    for token in [&user, &on_behalf] {
        assert_eq!(labels.bearer(token).await, User);
    }
    remote.advance(49);
    assert_eq!([&user, &on_behalf].map(|token| labels.at_once(token)), [Some(User); 2]);
    let expired = Some(Invalid(InvalidToken::Expired));
    remote.advance(1);
    assert_eq!([&user, &on_behalf].map(|token| labels.at_once(token)), [Some(User), expired]);
    remote.advance(50);
    assert_eq!(labels.at_once(&user), expired);
    assert_eq!(labels.at_once("a-static-token"), None);
    assert_eq!(labels.bearer("a-static-token").await, External);
    remote.advance(u64::from(u32::MAX));
    assert_eq!(labels.at_once("a-static-token"), Some(External), "it never expires");
}

#[tokio::test]
async fn what_is_refused_is_looked_at_again_after_a_minute() {
    let (remote, labels, auth, _) = known().await;
    let forged = Signer::named("auth-1").user(json!({}));
    let bad = Invalid(InvalidToken::BadSignature);
    assert_eq!(labels.bearer(&forged).await, bad);
    remote.advance(59);
    assert_eq!(labels.at_once(&forged), Some(bad));
    remote.advance(1);
    assert_eq!(labels.at_once(&forged), None);
    // One that is too early is not kept.
    let early = auth.user(json!({"nbf": NOW + 61}));
    assert_eq!(labels.bearer(&early).await, Invalid(InvalidToken::NotYetValid));
    remote.advance(1);
    assert_eq!(labels.bearer(&early).await, User);
}

#[tokio::test]
async fn what_only_the_backend_behind_can_verify_is_unverified() {
    let config =
        "backend: {auth: {externalAccess: [{type: legacy, options: {secret: c2VjcmV0, subject: s}}]}}";
    let config = RootConfig::from_yaml(config).unwrap();
    let (remote, labels, auth, _) = known_with(ExternalTokens::from_config(&config).unwrap()).await;
    let legacy = auth.token("JWT", json!({"alg": "HS256"}), json!({"sub": "backstage-server"}));
    assert_eq!(labels.bearer(&legacy).await, Unverified);
    assert_eq!(
        labels.bearer("a-word").await,
        Invalid(InvalidToken::UnknownToken),
        "those are tokens in three parts"
    );
    // Neither are tokens whose key is of an algorithm that this backend does not know.
    let rsa =
        json!({"keys": [auth.jwk(), {"kty": "RSA", "n": "AQAB", "e": "AQAB", "alg": "RS256", "kid": "rsa"}]});
    remote.answer(&Issuer::Users, rsa.to_string().into_bytes());
    remote.advance(10);
    let of_rsa = auth.token("vnd.backstage.user", json!({"kid": "rsa"}), json!({"sub": "user:default/ada"}));
    assert_eq!(labels.bearer(&of_rsa).await, Unverified);
    let newer = auth.user(json!({"iat": NOW}));
    assert_eq!(labels.settled(&newer).await, User);
    assert_eq!(labels.bearer(&of_rsa).await, Unverified);
}

#[tokio::test]
async fn a_token_is_in_nothing_that_is_printed() {
    let (_remote, labels, auth, _) = known().await;
    let user = auth.user(json!({}));
    let label = labels.bearer(&user).await;
    let printed = format!("{label:?} {:?}", labels.0);
    assert!(printed.contains("Users"), "{printed}");
    for secret in [&*user, "a-static-token", user.rsplit('.').next().unwrap(), "ada"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[test]
fn whatever_stands_in_a_header_is_labelled_and_proves_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (_remote, labels, auth, catalog) = runtime.block_on(known());
    let [user, plugin] = [auth.user(json!({})), catalog.plugin(json!({}))];
    let part = prop_oneof![
        Just(user.split('.').next().unwrap().to_owned()),
        Just(user.split('.').nth(1).unwrap().to_owned()),
        Just(plugin.split('.').next().unwrap().to_owned()),
        Just(plugin.split('.').nth(1).unwrap().to_owned()),
        "[A-Za-z0-9_=+/-]{0,20}",
        "[!-~]{0,20}",
        "\\{\"typ\":\"vnd.backstage.(user|plugin|limited-user)\",\"[a-z]{3}\":[0-9a-z\"{}]{0,5}\\}"
            .prop_map(|json| base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, json)),
    ];
    let mut runner = TestRunner::default();
    runner
        .run(&(vec(part, 0..6), any::<bool>()), |(parts, is_protocol)| {
            let token = parts.join(".").replace(' ', "");
            let bearer = format!("Bearer {token}");
            let asked = [("upgrade", "websocket"), ("sec-websocket-protocol", &*token)];
            let label = runtime.block_on(async {
                match is_protocol {
                    true => labels.of(&asked).await,
                    false => labels.of(&[("authorization", &bearer)]).await,
                }
            });
            prop_assert!(!label.is_proved(), "{token}: {label:?}");
            Ok(())
        })
        .unwrap();
}
