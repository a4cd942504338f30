//! Credentials in front of a plugin's routes.

use axum::{Router, routing::get};
use futures_util::future::BoxFuture;
use greenroom_auth::{
    Auth, AuthService, AuthenticateOptions, Credentials, PublicKey, SigningAlgorithm, SigningKey,
};
use greenroom_core::{decorate, plugin};
use greenroom_errors::{Error, Result};
use greenroom_http::{AuthPolicy, HandlerResult, HttpRouter, RootHttpRouter};
use serde_json::json;

use crate::kit::{Answer, Kit, TOKEN, Up};

/// Plugin `x`, closed but for these paths.
fn kit(open: &'static [&'static str]) -> Kit {
    Kit::new().add(plugin("x", move |env| {
        env.register_init(async move |http: HttpRouter| {
            let whoami = async |credentials: Option<axum::Extension<Credentials>>| match credentials {
                Some(axum::Extension(credentials)) => credentials.principal().kind(),
                None => "nobody asked",
            };
            http.mount(Router::new().route("/", get(whoami)).route("/{*rest}", get(whoami)));
            open.iter().try_for_each(|path| http.add_auth_policy(path, AuthPolicy::Unauthenticated))
        });
    }))
}

async fn with(up: &Up, path: &str, authorization: &str) -> Answer {
    up.client.ask("GET", path, &[("Authorization", authorization)], b"").await
}

fn message(answer: &Answer) -> (u16, String) {
    (answer.status, answer.json()["error"]["message"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn auth_1_2_3_4_no_token_a_bad_token_and_a_good_one() {
    let up = kit(&[]).start().await;
    let missing = r#"{"error":{"name":"AuthenticationError","message":"Missing credentials"},"request":{"method":"GET","url":"/a?b=1"},"response":{"statusCode":401}}"#;
    assert_eq!(up.get("/api/x/a?b=1").await.seen(), (401, missing));
    for empty in ["Basic abc", "Bearer", "Bearer ", "Bearer a b"] {
        assert_eq!(
            message(&with(&up, "/api/x/a", empty).await),
            (401, "Missing credentials".into()),
            "{empty}"
        );
    }
    let illegal = message(&with(&up, "/api/x/a", "Bearer wrong").await);
    assert_eq!(illegal, (401, "Illegal token".into()));
    assert_eq!(with(&up, "/api/x/a", &format!("bEARER   {TOKEN}")).await.seen(), (200, "service"));
    let restricted = message(&with(&up, "/api/x/a", "Bearer elsewhere-1234").await);
    assert_eq!(restricted, (403, "This token's access is restricted to plugin(s) 'elsewhere'".into()));
    assert!(up.lines_of("errorHandler", 0).await.is_empty(), "4xx are told by the access line alone");
}

#[tokio::test]
async fn the_barrier_comes_before_the_routes_and_the_keys_before_the_barrier() {
    let up = Kit::new().add(plugin("x", |env| env.register_init(async |_: HttpRouter| Ok(())))).start().await;
    assert_eq!(up.get("/api/x/unknown").await.status, 401);
    assert_eq!(with(&up, "/api/x/unknown", &format!("Bearer {TOKEN}")).await.seen(), (404, ""));
    for keys in ["/api/x/.backstage/auth/v1/jwks.json", "/API/X/.Backstage/auth/v1/JWKS.json/"] {
        assert_eq!(up.get(keys).await.seen(), (200, r#"{"keys":[]}"#));
    }
    let head = up.client.ask("HEAD", "/api/x/.backstage/auth/v1/jwks.json", &[], b"").await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("11")));
    assert_eq!(up.client.ask("POST", "/api/x/.backstage/auth/v1/jwks.json", &[], b"").await.status, 401);
}

/// Has issued tokens for requests to other plugins; without a key, it cannot say by which.
struct Issuer(Option<PublicKey>);

impl AuthService for Issuer {
    fn authenticate<'a>(&'a self, _: &'a str, _: AuthenticateOptions) -> BoxFuture<'a, Result<Credentials>> {
        Box::pin(async { Ok(Credentials::none()) })
    }

    fn public_service_keys(&self) -> BoxFuture<'_, Result<Vec<PublicKey>>> {
        Box::pin(async move {
            let key = self.0.clone().ok_or_else(|| Error::new("The keys are lost"))?;
            Ok(vec![key])
        })
    }
}

#[tokio::test]
async fn the_public_keys_of_a_plugin_are_those_of_its_auth_service() {
    let key = SigningKey::generate(SigningAlgorithm::Es256).unwrap().public().clone();
    for (has, status) in [(Some(key.clone()), 200), (None, 500)] {
        let issuer = decorate(async move |_: Auth| Ok(Auth::new(Issuer(has.clone()))));
        let quiet = plugin("x", |env| env.register_init(async |_: HttpRouter| Ok(())));
        let up = Kit::new().add(issuer).add(quiet).start().await;
        let answer = up.get("/api/x/.backstage/auth/v1/jwks.json").await;
        assert_eq!(answer.status, status);
        if status == 200 {
            assert_eq!(answer.json(), json!({"keys": [key]}));
        } else {
            assert_eq!(answer.json()["error"]["message"], "The keys are lost");
        }
    }
}

#[tokio::test]
async fn auth_5_a_policy_opens_its_path_and_what_is_below() {
    let up = kit(&["/open", "/task/:id/log"]).start().await;
    // Express counts a second slash to the mount, for the barrier and for the routes alike.
    let open = ["/open", "/open/", "/open/x", "/OPEN/x", "/open?x", "//open", "/task/7/log", "/task/7/log/x"];
    for open in open {
        assert_eq!(up.get(&format!("/api/x{open}")).await.seen(), (200, "nobody asked"), "{open}");
    }
    let closed =
        ["/openx", "/open%2Fx", "/%6fpen", "/./open", "/x/../open", "/task/7", "/task//log", "/", ""];
    for closed in closed {
        assert_eq!(up.get(&format!("/api/x{closed}")).await.status, 401, "{closed}");
    }
    let unread = with(&up, "/api/x/open", "Bearer wrong").await;
    assert_eq!(unread.seen(), (200, "nobody asked"), "a bad token is not even looked at");
}

#[tokio::test]
async fn a_slash_opens_everything() {
    let up = kit(&["/"]).start().await;
    for path in ["", "/", "/a/b"] {
        assert_eq!(up.get(&format!("/api/x{path}")).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn the_policy_can_be_disabled_for_all() {
    let disabled = "backend.auth.dangerouslyDisableDefaultAuthPolicy";
    let up = kit(&[]).config(disabled, json!(true)).start().await;
    assert_eq!(up.get("/api/x/a").await.seen(), (200, "nobody asked"));
    assert_eq!(with(&up, "/api/x/a", "Bearer wrong").await.status, 200);
}

/// A plugin that says who asks, on open and closed paths.
fn whoami() -> Kit {
    Kit::new().add(plugin("x", |env| {
        env.register_init(async |http: HttpRouter| {
            let whoami = async |credentials: Credentials| credentials.principal().to_string();
            let user =
                async |credentials: Credentials| HandlerResult::Ok(credentials.require_user()?.to_owned());
            http.mount(Router::new().route("/closed", get(whoami)).route("/open", get(whoami)));
            http.mount(Router::new().route("/user", get(user)).route("/open/user", get(user)));
            http.add_auth_policy("/open", AuthPolicy::Unauthenticated)
        });
    }))
}

#[tokio::test]
async fn a_handler_takes_credentials_as_an_argument() {
    let up = whoami().start().await;
    let good = format!("Bearer {TOKEN}");
    assert_eq!(with(&up, "/api/x/closed", &good).await.seen(), (200, "tester"));
    let refused = message(&with(&up, "/api/x/user", &good).await);
    assert_eq!(refused, (403, "This endpoint does not allow 'service' credentials".into()));
}

#[tokio::test]
async fn on_an_open_route_credentials_are_the_tokens_or_nobodys() {
    let up = whoami().start().await;
    assert_eq!(up.get("/api/x/open").await.seen(), (200, "none"));
    assert_eq!(with(&up, "/api/x/open", &format!("Bearer {TOKEN}")).await.seen(), (200, "tester"));
    let illegal = with(&up, "/api/x/open", "Bearer wrong").await;
    assert_eq!(message(&illegal), (401, "Illegal token".into()));
    assert_eq!(illegal.json()["request"]["url"], "/open");
    assert_eq!(message(&up.get("/api/x/open/user").await), (401, "Missing credentials".into()));
}

#[tokio::test]
async fn without_the_default_policy_every_route_is_open() {
    let off = ("backend.auth.dangerouslyDisableDefaultAuthPolicy", json!(true));
    let up = whoami().config(off.0, off.1).start().await;
    assert_eq!(up.get("/api/x/closed").await.seen(), (200, "none"));
    assert_eq!(with(&up, "/api/x/closed", &format!("Bearer {TOKEN}")).await.seen(), (200, "tester"));
}

#[tokio::test]
async fn outside_of_plugins_nobody_has_credentials() {
    let whoami = async |credentials: Credentials| credentials.principal().to_string();
    let root = plugin("x", move |env| {
        env.register_init(async move |root: RootHttpRouter| {
            root.mount("/root", Router::new().route("/", get(whoami)))
        });
    });
    let up = Kit::new().add(root).start().await;
    let answer = message(&up.get("/root").await);
    assert_eq!(answer.0, 500);
    assert!(answer.1.starts_with("Credentials are known on the routes of a plugin only"), "{}", answer.1);
}
