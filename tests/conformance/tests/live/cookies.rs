//! The cookie of a user, as both issue it, take it and take it away: for users who have signed in at Greenroom, by whose keys
//! Node verifies them too.

use axum::{Router, routing::get};
use greenroom::prelude::*;
use greenroom_conformance::{
    backend::Backend,
    client::Client,
    peer,
    reply::{Reply, differences, status},
    scenarios::{Scenario, Stage},
    transcript::Request,
    version::Version,
    wire::Outcome,
};
use greenroom_plugin_auth::auth;
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::json;

/// What `peer/plugins/http.js` does under this name.
fn shown() -> Plugin {
    plugin("shown", |env| {
        env.register_init(async |http: HttpRouter| {
            let who = async |credentials: Credentials| Json(json!(credentials.principal()));
            http.mount(
                Router::new()
                    .route("/shown", get(who))
                    .route("/else", get(who))
                    .route("/open", get(async || "open")),
            );
            http.add_auth_policy("/open", AuthPolicy::Unauthenticated)?;
            http.add_auth_policy("/shown", AuthPolicy::UserCookie)
        });
    })
}

/// Ours, and Node's beside it that believes the tokens of ours.
struct Both {
    ours: RunningTestBackend,
    node: Backend,
}

impl Both {
    async fn start(version: Version, base_url: &str) -> Self {
        let config = json!({
            "backend": {"baseUrl": base_url},
            "auth": {"providers": {"guest": {"dangerouslyAllowOutsideDevelopment": true}}},
        });
        let ours = TestBackend::new().config(config).node_env("production");
        // The real services in place of the kit's.
        let ours = ours.add(Auth::factory()).add(HttpAuth::factory()).add(auth()).add(shown());
        let ours = ours.start().await.expect("ours starts");
        let config = format!(
            "backend: {{baseUrl: '{base_url}'}}\n\
             discovery: {{endpoints: [{{target: {{internal: '{}/api/auth'}}, plugins: [auth]}}]}}",
            ours.url()
        );
        let node = peer::launch(version).unwrap_or_else(|error| panic!("{error}"));
        let scenario = Scenario {
            name: "cookies",
            stage: Stage::One,
            features: "shown",
            config: config.leak(),
            env: &[("NODE_ENV", "production")],
            steps: &[],
        };
        let node = Backend::start(&node, &scenario).await.unwrap_or_else(|error| panic!("{error}"));
        node.await_line("Plugin initialization complete").await.expect("Node starts");
        Self { ours, node }
    }

    async fn token(&self) -> String {
        let session = self.ours.post("/api/auth/guest/refresh").await.json();
        session["backstageIdentity"]["token"].as_str().expect("a session").to_owned()
    }

    async fn exchange(&self, line: &str, headers: &str) -> (Reply, Reply) {
        let request = format!("{line} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n").into_bytes();
        let request = Request::raw(request);
        let port = self.ours.url().rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
        let (node, ours) = (self.node.client(), Client::new(port));
        tokio::join!(node.exchange(&request), ours.exchange(&request))
    }

    /// The status on which they agree, and the cookie that they set.
    async fn agree(&self, line: &str, headers: &str) -> (u16, Option<String>) {
        let (node, ours) = self.exchange(line, headers).await;
        let (status, cookie) = (status(&node), cookie(&node));
        assert_eq!(cookie, self::cookie(&ours), "{line} {headers}");
        assert_eq!(differences(node, ours).await, [], "{line} {headers}");
        (status, cookie)
    }
}

fn cookie(reply: &Reply) -> Option<String> {
    let Ok(Outcome::Answered(answers)) = reply else { panic!("no answer") };
    answers[0].head.header("set-cookie").map(str::to_owned)
}

const COOKIE: &str = "/api/shown/.backstage/auth/v1/cookie";

beside_each! {
    async fn a_cookie_is_issued_kept_taken_and_cleared_as_by_node(version: Version) {
        for base_url in ["http://localhost:7007", "https://portal.example.com/sub", "http://portal.example.com"] {
            let both = Both::start(version, base_url).await;
            let token = both.token().await;
            let bearer = format!("Authorization: Bearer {token}\r\n");
            let get = format!("GET {COOKIE}");
            for line in ["GET", "HEAD", "DELETE", "POST"].map(|method| format!("{method} {COOKIE}")) {
                assert_eq!(both.agree(&line, "").await, (401, None), "{line}");
            }
            let (status, given) = both.agree(&get, &bearer).await;
            let given = given.expect("a cookie");
            assert_eq!(status, 200);
            let value = given.split(';').next().expect("its first part");
            let sent = format!("Cookie: theme=dark; {value}\r\n");
            assert_eq!(both.agree(&get, &format!("{bearer}{sent}")).await, (200, None), "kept");
            assert_eq!(both.agree(&get, &format!("{bearer}Cookie: backstage-auth=x\r\n")).await, (200, Some(given.clone())));
            assert_eq!(both.agree(&get, &sent).await, (401, None), "a cookie gets no cookie");
            assert_eq!(both.agree(&format!("HEAD {COOKIE}"), &bearer).await, (200, Some(given.clone())));
            let (status, cleared) = both.agree(&format!("DELETE {COOKIE}"), &bearer).await;
            assert!(status == 204 && cleared.is_some_and(|cleared| cleared.starts_with("backstage-auth=;")));
            for (method, status) in [("OPTIONS", 200), ("POST", 404)] {
                assert_eq!(both.agree(&format!("{method} {COOKIE}"), &bearer).await.0, status, "{method}");
            }
            for (path, headers, status) in [
                ("shown", &*sent, 200),
                ("else", &*sent, 401),
                ("open", "Cookie: backstage-auth=x\r\n", 200),
                ("shown", "Cookie: backstage-auth=x\r\n", 401),
                ("shown", "Cookie: backstage-auth=\r\n", 401),
                ("shown", &*format!("{bearer}Cookie: backstage-auth=x\r\n"), 200),
            ] {
                assert_eq!(both.agree(&format!("GET /api/shown/{path}"), headers).await.0, status, "{path} {headers}");
            }
            let limited = format!("Authorization: Bearer {}\r\n", &value["backstage-auth=".len()..]);
            assert_eq!(both.agree("GET /api/shown/shown", &limited).await.0, 200);
            assert_eq!(both.agree("GET /api/shown/else", &limited).await.0, 401);
            assert_eq!(both.agree(&get, &limited).await.0, 401);
        }
    }
}
