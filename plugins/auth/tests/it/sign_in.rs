//! A guest signs in, and calls other plugins as the user that they are.

use greenroom::prelude::*;
use serde_json::{Value, json};

use crate::kit::{ManualClock, NOW, backend, decoded, guest, names, refusal, token};

#[tokio::test]
async fn auth_20_a_guest_gets_the_session_that_nodes_backend_gives() {
    let backend = backend(json!({})).start().await.unwrap();
    let recorded: Value = serde_json::from_str(include_str!("../fixtures/node-guest-refresh.json")).unwrap();
    for answer in
        [backend.get("/api/auth/guest/refresh").await, backend.post("/api/auth/guest/refresh").await]
    {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("set-cookie"), None);
        let (ours, node) = (answer.json(), &recorded);
        assert_eq!(names(&ours), names(node));
        let (ours, node) = (&ours["backstageIdentity"], &node["backstageIdentity"]);
        assert_eq!(names(ours), names(node));
        assert_eq!(ours["identity"].to_string(), node["identity"].to_string());
        let ([our_header, our_claims], [header, claims]) =
            (decoded(ours["token"].as_str().unwrap()), decoded(node["token"].as_str().unwrap()));
        assert_eq!((names(&our_header), names(&our_claims)), (names(&header), names(&claims)));
        assert_eq!(our_claims["iss"], "http://localhost:7007/api/auth");
        assert!((3599..=3600).contains(&ours["expiresInSeconds"].as_u64().unwrap()));
    }
}

/// Without the mocks of the kit: by the `core.auth` and `core.httpAuth` that every backend runs.
#[tokio::test]
async fn auth_12_21_the_token_is_the_user_in_every_plugin() {
    let backend = backend(json!({})).add(Auth::factory()).add(HttpAuth::factory());
    let backend = backend.add(ManualClock::at(NOW).factory()).start().await.unwrap();
    let session = guest(&backend).await;
    let answer = backend.get("/api/whoami").with_token(token(&session)).await;
    assert_eq!(
        answer.json()["principal"],
        json!({"type": "user", "userEntityRef": "user:development/guest"})
    );
    assert_eq!(answer.json()["expiresAt"], "2026-11-22T08:34:28.000Z");
    let eve = token(&session).replacen('.', ".eyJ4IjoxfQ", 1);
    let refused = backend.get("/api/whoami").with_token(&eve).await;
    let text = "Failed user token verification";
    assert_eq!(refusal(&refused), (401, "AuthenticationError".into(), text.into()));
    let mock = backend.get("/api/whoami").with_token("mock-user-token").await;
    assert_eq!(refusal(&mock), (401, "AuthenticationError".into(), "Illegal token".into()));
    let nobody = backend.get("/api/whoami").await;
    assert_eq!(refusal(&nobody), (401, "AuthenticationError".into(), "Missing credentials".into()));
}

#[tokio::test]
async fn mock_credentials_go_on_to_work_beside_users_who_signed_in() {
    let backend = backend(json!({})).start().await.unwrap();
    let session = guest(&backend).await;
    for (token, user) in
        [(token(&session), "user:development/guest"), ("mock-user-token", "user:default/mock")]
    {
        let answer = backend.get("/api/whoami").with_token(token).await;
        assert_eq!(answer.json()["principal"]["userEntityRef"], user);
    }
}

#[tokio::test]
async fn the_access_line_tells_that_a_user_called() {
    let mut config = crate::kit::config(json!({}));
    config["greenroom"] = json!({"logger": {"format": "backstage"}});
    let backend = backend(json!({})).config(config).start().await.unwrap();
    let session = guest(&backend).await;
    backend.get("/api/whoami").with_token(token(&session)).await;
    let line = backend.await_log(|line| line["url"] == "/api/whoami").await;
    assert_eq!((&line["status"], &line["principalType"]), (&json!(200), &json!("user")));
    let lines = backend.stop().await;
    assert!(lines.iter().all(|line| !line.to_string().contains(token(&session))), "a token was logged");
}

#[tokio::test]
async fn auth_22_who_and_what_a_guest_is_can_be_configured() {
    let guest_config =
        json!({"userEntityRef": "User:Ada", "ownershipEntityRefs": ["group:default/Team", "user:ada"]});
    let config = json!({
        "providers": {"guest": guest_config},
        "backstageTokenExpiration": "5m",
        "omitIdentityTokenOwnershipClaim": false,
    });
    let backend = backend(config).start().await.unwrap();
    let session = guest(&backend).await;
    let identity = &session["backstageIdentity"]["identity"];
    assert_eq!(
        identity,
        &json!({
            "type": "user",
            "userEntityRef": "user:default/ada",
            "ownershipEntityRefs": ["group:default/team", "user:default/ada"],
        })
    );
    let [_, claims] = decoded(token(&session));
    assert_eq!(names(&claims), ["iss", "sub", "ent", "aud", "iat", "exp", "uip"]);
    assert_eq!(
        (&claims["sub"], &claims["ent"]),
        (&identity["userEntityRef"], &identity["ownershipEntityRefs"])
    );
    // Five minutes are less than a token may live.
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 600);
}

#[tokio::test]
async fn auth_23_plugins_know_on_whose_behalf_a_user_owns() {
    for omits in [true, false] {
        let config = json!({
            "providers": {"guest": {"ownershipEntityRefs": ["group:default/team"]}},
            "omitIdentityTokenOwnershipClaim": omits,
        });
        let backend = backend(config).start().await.unwrap();
        let session = guest(&backend).await;
        let info = backend.get("/api/whoami/info").with_token(token(&session)).await.json();
        let expected =
            json!({"userEntityRef": "user:development/guest", "ownershipEntityRefs": ["group:default/team"]});
        assert_eq!(info, expected, "{omits}");
        let service = backend.get("/api/whoami/info").with_token("mock-service-token").await;
        assert_eq!(refusal(&service).2, "Only user credentials are supported");
    }
}

#[tokio::test]
async fn a_session_ends_with_its_token_to_the_second() {
    let time = ManualClock::at(NOW);
    let backend = backend(json!({})).add(time.factory()).start().await.unwrap();
    let session = guest(&backend).await;
    assert_eq!(session["backstageIdentity"]["expiresInSeconds"], 3600);
    let status = async || backend.get("/api/whoami").with_token(token(&session)).await.status;
    time.advance(3599);
    assert_eq!(status().await, 200);
    time.advance(1);
    assert_eq!(status().await, 401);
}
