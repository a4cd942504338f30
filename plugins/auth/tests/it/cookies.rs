//! The cookie of somebody who has signed in.

use axum::{Router, routing::get};
use greenroom::prelude::*;
use greenroom_plugin_auth::{AuthProvider, AuthProviders, DeclareAuthProvider, SignIn};
use greenroom_test::{RunningTestBackend, TestResponse};
use http::{Method, request::Parts};
use serde_json::{Value, json};

use crate::kit::{ManualClock, NOW, backend, decoded, refusal, token};

/// Signs in whomever a header names.
struct Named;

impl AuthProvider for Named {
    async fn sign_in(&self, request: &Parts) -> Result<SignIn> {
        let name = request.headers.get("x-user").and_then(|name| name.to_str().ok()).unwrap_or_default();
        Ok(SignIn::new(format!("user:default/{name}")))
    }
}

fn named() -> Module {
    let module = module("auth", "named", |env| {
        env.register_init(async move |providers: AuthProviders| providers.register("named", Named));
    });
    module.auth_provider("named")
}

/// Shows who calls, to browsers by their cookie at `/shown`, to anybody at `/open`.
fn shown() -> Plugin {
    plugin("shown", |env| {
        env.register_init(async |http: HttpRouter| {
            let who = async |credentials: Credentials| credentials.principal().to_string();
            let none = async || "nobody asked";
            http.mount(
                Router::new().route("/shown", get(who)).route("/else", get(who)).route("/open", get(none)),
            );
            http.add_auth_policy("/open", AuthPolicy::Unauthenticated)?;
            http.add_auth_policy("/shown", AuthPolicy::UserCookie)?;
            let refused = http.add_websocket_handler_with("/ws", AuthPolicy::UserCookie, async |_| Ok(()));
            assert!(refused.unwrap_err().to_string().contains("not opened by a cookie"));
            Ok(())
        });
    })
}

const COOKIE: &str = "/api/whoami/.backstage/auth/v1/cookie";
const OPEN_COOKIE: &str = "/api/auth/.backstage/auth/v1/cookie";

struct Signed {
    backend: RunningTestBackend,
    time: ManualClock,
}

impl Signed {
    async fn new() -> Self {
        let time = ManualClock::at(NOW);
        let config = json!({"providers": {"named": {}}});
        let backend = backend(config).add(time.factory()).add(named()).add(shown()).start().await.unwrap();
        Self { backend, time }
    }

    async fn user(&self, name: &str) -> String {
        let session: Value = self.backend.post("/api/auth/named/refresh").header("x-user", name).await.json();
        token(&session).to_owned()
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        bearer: Option<&str>,
        cookie: Option<&str>,
    ) -> TestResponse {
        let mut request = self.backend.request(method, path);
        if let Some(token) = bearer {
            request = request.with_token(token);
        }
        if let Some(token) = cookie {
            request = request.header("cookie", &format!("theme=dark; backstage-auth={token}"));
        }
        request.await
    }

    async fn issue(&self, bearer: &str, cookie: Option<&str>) -> TestResponse {
        self.ask(Method::GET, COOKIE, Some(bearer), cookie).await
    }
}

/// The token that an answer gives the browser.
fn given(answer: &TestResponse) -> &str {
    let value = answer.header("set-cookie").unwrap_or_else(|| panic!("no cookie: {}", answer.text()));
    value.split_once('=').unwrap().1.split_once(';').unwrap().0
}

fn missing() -> (u16, String, String) {
    (401, "AuthenticationError".into(), "Missing credentials".into())
}

#[tokio::test]
async fn auth_31_33_a_user_gets_a_cookie_with_the_limited_token_and_nobody_else_does() {
    let signed = Signed::new().await;
    let ada = signed.user("ada").await;
    for path in [COOKIE, OPEN_COOKIE, "/API/whoami/.backstage/AUTH/v1/cookie/"] {
        let answer = signed.ask(Method::GET, path, Some(&ada), None).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (200, json!({"expiresAt": "2026-11-22T08:34:28.000Z"}))
        );
        let limited = given(&answer);
        assert_eq!(
            answer.header("set-cookie").unwrap(),
            format!(
                "backstage-auth={limited}; Domain=localhost; Path=/; Expires=Sun, 22 Nov 2026 08:34:28 GMT; HttpOnly; \
                 Secure; Priority=High; SameSite=None"
            )
        );
        let [header, claims] = decoded(limited);
        assert_eq!(header["typ"], "vnd.backstage.limited-user");
        assert_eq!(claims, json!({"sub": "user:default/ada", "iat": NOW, "exp": NOW + 3600}));
        let again = signed.ask(Method::GET, path, None, Some(limited)).await;
        assert_eq!(refusal(&again), missing(), "a cookie gets no cookie");
        assert_eq!(refusal(&signed.ask(Method::GET, path, None, None).await), missing());
        let service = signed.ask(Method::GET, path, Some("mock-service-token"), None).await;
        let not_allowed = "This endpoint does not allow 'service' credentials";
        assert_eq!(refusal(&service), (403, "NotAllowedError".into(), not_allowed.into()));
    }
    let head = signed.ask(Method::HEAD, COOKIE, Some(&ada), None).await;
    assert_eq!((head.status.as_u16(), head.text()), (200, String::new()));
    assert_eq!(decoded(given(&head))[1]["sub"], "user:default/ada");
    let logged = format!("{:?}", signed.backend.logs());
    assert!(!logged.contains(given(&head)), "{logged}");
}

#[tokio::test]
async fn auth_32_a_cookie_is_taken_away_by_whoever_may_pass() {
    let signed = Signed::new().await;
    let ada = signed.user("ada").await;
    let cleared = "backstage-auth=; Domain=localhost; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; \
                   Priority=High; SameSite=None";
    assert_eq!(refusal(&signed.ask(Method::DELETE, COOKIE, None, None).await), missing());
    for (path, bearer) in [(COOKIE, Some(&*ada)), (COOKIE, Some("mock-service-token")), (OPEN_COOKIE, None)] {
        let answer = signed.ask(Method::DELETE, path, bearer, None).await;
        assert_eq!((answer.status.as_u16(), answer.header("set-cookie")), (204, Some(cleared)), "{path}");
    }
    let methods = signed.ask(Method::OPTIONS, COOKIE, Some(&ada), None).await;
    assert_eq!((methods.status.as_u16(), methods.header("allow")), (200, Some("GET,HEAD,DELETE")));
    let other = signed.ask(Method::POST, COOKIE, Some(&ada), None).await;
    assert_eq!((other.status.as_u16(), other.text()), (404, String::new()));
}

#[tokio::test]
async fn auth_34_a_cookie_is_kept_for_the_same_user_while_it_lasts() {
    let signed = Signed::new().await;
    let (ada, bob) = (signed.user("ada").await, signed.user("bob").await);
    let first = given(&signed.issue(&ada, None).await).to_owned();
    signed.time.advance(1000);
    let renewed = signed.user("ada").await;
    let kept = signed.issue(&renewed, Some(&first)).await;
    assert_eq!((kept.status.as_u16(), kept.header("set-cookie")), (200, None));
    assert_eq!(kept.json(), json!({"expiresAt": "2026-11-22T08:34:28.000Z"}));
    // Another user's, and what is nobody's, are replaced.
    for cookie in [&*first, "nonsense", &ada[..ada.len() - 4], "mock-service-token"] {
        let answer = signed.issue(&bob, Some(cookie)).await;
        assert_eq!(decoded(given(&answer))[1]["sub"], "user:default/bob", "{cookie}");
    }
    signed.time.advance(2300);
    assert_eq!(signed.issue(&renewed, Some(&first)).await.header("set-cookie"), None, "good for 300 s more");
    signed.time.advance(1);
    let answer = signed.issue(&renewed, Some(&first)).await;
    assert_eq!(decoded(given(&answer))[1]["exp"], NOW + 1000 + 3600);
}

#[tokio::test]
async fn auth_35_a_cookie_is_its_user_where_a_policy_takes_cookies_and_nobody_elsewhere() {
    let signed = Signed::new().await;
    let (ada, bob) = (signed.user("ada").await, signed.user("bob").await);
    let cookie = given(&signed.issue(&ada, None).await).to_owned();
    let ask = async |path: &str, bearer: Option<&str>, cookie: Option<&str>| {
        signed.ask(Method::GET, &format!("/api/shown{path}"), bearer, cookie).await
    };
    let seen = |answer: TestResponse| (answer.status.as_u16(), answer.text());
    assert_eq!(seen(ask("/shown", None, Some(&cookie)).await), (200, "user:default/ada".into()));
    assert_eq!(seen(ask("/shown", Some(&cookie), None).await), (200, "user:default/ada".into()));
    assert_eq!(seen(ask("/shown", Some(&bob), Some(&cookie)).await), (200, "user:default/bob".into()));
    assert_eq!(seen(ask("/open", None, Some("nonsense")).await), (200, "nobody asked".into()));
    for path in ["/else", "/shown-not"] {
        assert_eq!(refusal(&ask(path, None, Some(&cookie)).await), missing(), "{path}");
    }
    let limited = refusal(&ask("/else", Some(&cookie), None).await);
    assert_eq!(limited, (401, "AuthenticationError".into(), "Illegal limited user token".into()));
    assert_eq!(refusal(&ask("/shown", None, None).await), missing());
    assert_eq!(refusal(&ask("/shown", None, Some("")).await), missing());
    let forged = format!("{}AAAA", &cookie[..cookie.len() - 4]);
    let forged = refusal(&ask("/shown", None, Some(&forged)).await);
    assert_eq!(forged, (401, "AuthenticationError".into(), "Failed user token verification".into()));
    signed.time.advance(3600);
    assert_eq!(ask("/shown", None, Some(&cookie)).await.status, 401);
}
