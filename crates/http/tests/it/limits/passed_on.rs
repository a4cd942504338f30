//! The same of what is passed on to a server behind.

use axum::{
    extract::Request,
    response::{IntoResponse, Response},
};
use futures_util::future::{BoxFuture, FutureExt};
use greenroom_core::{Plugin, plugin, service};
use greenroom_http::{Forward, Forwarded, Forwarding, Passage, Reach};
use greenroom_logging::Logger;
use greenroom_metrics::MetricsRegistry;

use super::{Holds, READINESS, limited};
use crate::kit::{Kit, Up, until};

/// Another server, which holds what is asked of it.
#[derive(Clone, Default)]
struct Behind(Holds);

impl Forward for Behind {
    fn reach(&self) -> Reach {
        Reach { readiness: true, ..Reach::default() }
    }

    fn forward(&self, request: Request, _: Passage) -> BoxFuture<'static, Forwarded> {
        let holds = self.0.clone();
        async move {
            if request.uri().path().ends_with("/hold") {
                holds.begun.notify_one();
                holds.go_on.notified().await;
            }
            let answer: Response = "theirs".into_response();
            Forwarded::Answer(answer)
        }
        .boxed()
    }
}

async fn in_front(behind: &Behind, kit: Kit) -> Up {
    let forwarding = Forwarding::new(behind.clone());
    kit.add(service(async move || Ok(forwarding))).start().await
}

#[tokio::test]
async fn health_18_what_is_passed_on_has_the_same_limits_by_the_plugin_of_its_path() {
    let behind = Behind::default();
    let registry = MetricsRegistry::new(&Logger::noop());
    let installed = registry.clone();
    let kit = limited("plugins.catalog.inFlight", 1).add(service(async move || Ok(installed.clone())));
    let up = in_front(&behind, kit).await;
    let mut first = behind.0.hold(&up, "GET", "/api/catalog/hold").await;
    let refused = up.get("/api/catalog/entities").await;
    assert_eq!(
        (refused.status, refused.header("retry-after"), refused.header("x-greenroom-error")),
        (503, Some("1"), Some("overloaded"))
    );
    // The config knows the plugin, so that what was refused is counted by its name.
    until(async || {
        let text = registry.text();
        text.lines().any(|line| {
            line.starts_with("http_server_request_duration_count{")
                && line.contains(r#"backstage_plugin_id="catalog""#)
                && line.contains(r#""503""#)
        })
    })
    .await;
    // Express takes each spelling for the same plugin.
    for path in ["/api/Catalog/entities", "/API/catalog/entities", "/api/CATALOG"] {
        assert_eq!(up.get(path).await.status, 503, "{path}");
    }
    let never_refused = ["/healthcheck", "/api/catalog/.backstage/auth/v1/jwks.json", READINESS];
    for path in ["/api/search/query", "/index.html"].into_iter().chain(never_refused) {
        assert_eq!(up.get(path).await.seen(), (200, "theirs"), "{path}");
    }
    behind.0.go_on.notify_one();
    assert_eq!(first.answer("GET").await.seen(), (200, "theirs"));
    until(async || up.get("/api/catalog/entities").await.status == 200).await;
    // A client that leaves has its place no longer.
    drop(behind.0.hold(&up, "GET", "/api/catalog/hold").await);
    until(async || up.get("/api/catalog/entities").await.status == 200).await;
}

#[tokio::test]
async fn health_18_what_is_vital_is_passed_on_beyond_the_limit_of_the_backend() {
    let behind = Behind::default();
    let up = in_front(&behind, limited("inFlight", 1)).await;
    let mut first = behind.0.hold(&up, "GET", "/api/catalog/hold").await;
    let ask = async |method: &str, path: &str| {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        let mut connection = up.client.connect().await;
        connection.send(request).await;
        connection.answer(method).await.status
    };
    let keys = ["/api/catalog/.backstage/auth/v1/jwks.json", "/API/catalog/.Backstage/auth/v1/jwks.json/"];
    for path in keys.into_iter().chain(["/healthcheck", READINESS]) {
        assert_eq!(ask("GET", path).await, 200, "{path}");
        assert_eq!(ask("HEAD", path).await, 200, "{path}");
        assert_eq!(ask("POST", path).await, 503, "a POST is a request like any other: {path}");
    }
    for path in
        ["/api/catalog/x/.backstage/auth/v1/jwks.json", "/api/.backstage/auth/v1/jwks.json", "/healthcheck/x"]
    {
        assert_eq!(ask("GET", path).await, 503, "{path}");
    }
    behind.0.go_on.notify_one();
    assert_eq!(first.answer("GET").await.status, 200);
}

#[tokio::test]
async fn health_19_what_is_passed_on_and_asks_for_events_alone_has_no_place_before_they_begin() {
    for key in ["inFlight", "plugins.catalog.inFlight"] {
        let behind = Behind::default();
        let up = in_front(&behind, limited(key, 1)).await;
        let mut events = up.client.connect().await;
        let request =
            |accept| format!("GET /api/catalog/hold HTTP/1.1\r\nHost: x\r\nAccept: {accept}\r\n\r\n");
        events.send(request("text/event-stream")).await;
        behind.0.begun.notified().await;
        assert_eq!(up.get("/api/catalog/entities").await.status, 200, "{key}: nothing of it has come");
        let mut any = up.client.connect().await;
        any.send(request("text/event-stream, */*")).await;
        behind.0.begun.notified().await;
        assert_eq!(
            up.get("/api/catalog/entities").await.status,
            503,
            "{key}: it may be answered by anything"
        );
        let mut late = up.client.connect().await;
        late.send(request("text/event-stream")).await;
        assert_eq!(late.answer("GET").await.status, 503, "{key}: where all is full, it is refused, too");
        for connection in [&mut events, &mut any] {
            behind.0.go_on.notify_one();
            assert_eq!(connection.answer("GET").await.status, 200);
        }
    }
}

#[tokio::test]
async fn health_21_what_a_server_behind_says_of_readiness_is_not_asked_while_a_check_of_ones_own_fails_it() {
    let fails = || -> Plugin {
        plugin("mail", |env| {
            env.register_init(async |health: greenroom_health::HealthChecks| {
                health.declare("server").readiness().run(async || greenroom_health::Check::fail("gone"));
                Ok(())
            });
        })
    };
    let up = in_front(&Behind::default(), Kit::new().add(fails())).await;
    let answer = up.get(READINESS).await;
    assert_eq!(answer.seen(), (503, r#"{"message":"Check 'mail.server' failed","status":"error"}"#));
    let up = in_front(&Behind::default(), Kit::new()).await;
    assert_eq!(up.get(READINESS).await.seen(), (200, "theirs"));
}
