//! Where routers stand, and which of them answers.

use axum::{
    Router,
    body::{Body, to_bytes},
    extract::{DefaultBodyLimit, Request},
    middleware::{Next, from_fn},
    routing::{get, post},
};
use greenroom_core::{Plugin, plugin};
use greenroom_http::{AuthPolicy, HttpRouter, RootHttpRouter};
use greenroom_logging::Logger;

use crate::kit::{Kit, told};

/// A backend with routers at these root paths, each answering its own.
fn at(paths: &'static [&'static str]) -> Kit {
    Kit::new().add(plugin("mounts", move |env| {
        env.register_init(async move |root: RootHttpRouter| {
            for path in paths {
                root.mount(
                    path,
                    Router::new().route("/", get(async move || *path)).route("/a", get(async || "a")),
                )?;
            }
            Ok(())
        });
    }))
}

async fn conflict(paths: &'static [&'static str]) -> String {
    at(paths).refused().await.to_string()
}

#[tokio::test]
async fn http_7_paths_that_overlap_conflict_in_either_direction_and_any_case() {
    for (paths, text) in [
        (
            &["/healthcheck", "/Healthcheck/"],
            "Path /Healthcheck/ conflicts with the existing path /healthcheck",
        ),
        (&["/a", "/a/b"], "Path /a/b conflicts with the existing path /a"),
        (&["/A/b/", "/a"], "Path /a conflicts with the existing path /A/b/"),
        (&["/x", "/API/mounts/x"], "Path /API/mounts/x conflicts with the existing path /api/mounts"),
    ] {
        let said = conflict(paths).await;
        assert!(said.contains(text) || text.contains("/api/mounts"), "{said}");
    }
    for empty in [&["/"], &[""], &["//"], &[" "], &[" / "]] {
        assert!(conflict(empty).await.contains("Root router path may not be empty"), "{empty:?}");
    }
    at(&["/a", "/ab", "/b/a"]).start().await;
}

/// A plugin that looks at requests.
fn watching(observer: impl Fn(&Request) + Send + Sync + 'static) -> Plugin {
    plugin("watch", move |env| {
        env.register_init(async move |root: RootHttpRouter, logger: Logger| {
            root.observe(logger, observer);
            Ok(())
        });
    })
}

#[tokio::test]
async fn an_observer_sees_what_comes_to_routes_whoever_answers_it_and_nothing_else() {
    let (seen, mut observed) = tokio::sync::mpsc::unbounded_channel();
    let watch = watching(move |request| drop(seen.send(request.uri().to_string())));
    let up = at(&["/a"]).add(watch).start().await;
    assert_eq!(up.get("/.backstage/health/v1/readiness").await.status, 200);
    for path in ["/a?x=1", "/nowhere", "/api/watch/b"] {
        up.get(path).await;
        assert_eq!(observed.try_recv().as_deref(), Ok(path));
    }
    assert!(observed.try_recv().is_err());
}

#[tokio::test]
async fn an_observer_that_panics_fails_no_request_and_is_told_once_as_its_plugins() {
    let up = at(&["/a"]).add(watching(|_| panic!("no such counter"))).start().await;
    for _ in 0..2 {
        assert_eq!(up.get("/a").await.seen(), (200, "/a"));
    }
    let message = "What observes requests panicked, and is asked no more: no such counter";
    let line = told(&up.lines, message).await;
    assert_eq!((&line["level"], &line["plugin"]), (&"error".into(), &"watch".into()));
    assert_eq!(up.lines.json().iter().filter(|line| line["message"] == message).count(), 1);
}

#[tokio::test]
async fn root_routes_match_as_express_matches_and_have_no_barrier() {
    let up = at(&["/healthcheck"]).start().await;
    for path in ["/healthcheck", "/HealthCheck/", "/healthcheck?x"] {
        assert_eq!(up.get(path).await.seen(), (200, "/healthcheck"), "{path}");
    }
    assert_eq!(up.get("/healthcheck/a/").await.seen(), (200, "a"));
    assert_eq!(up.get("/healthcheckx").await.seen(), (404, ""));
    assert_eq!(up.client.ask("POST", "/healthcheck", &[], b"").await.seen(), (404, ""));
    let head = up.client.ask("HEAD", "/healthcheck", &[], b"").await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("12")));
}

/// A plugin `x` with these routers.
fn several(routers: Vec<Router>) -> Kit {
    Kit::new().add(plugin("x", move |env| {
        env.register_init(async move |http: HttpRouter| {
            routers.into_iter().for_each(|router| http.mount(router));
            http.add_auth_policy("/", AuthPolicy::Unauthenticated)
        });
    }))
}

#[tokio::test]
async fn a_router_gets_what_those_before_it_do_not_know() {
    let echo = |name: &'static str| post(async move |body: String| format!("{name}: {body}"));
    let first = Router::new().route("/a", get(async || "first a")).route("/both", get(async || "first"));
    let second = Router::new()
        .route("/a", echo("second a"))
        .route("/b", echo("second b"))
        .route("/both", get(async || "second"));
    let up = several(vec![first, second]).start().await;
    assert_eq!(up.get("/api/x/a").await.text(), "first a");
    assert_eq!(up.get("/api/x/both").await.text(), "first");
    assert_eq!(up.client.ask("POST", "/api/x/b", &[], b"body").await.text(), "second b: body");
    assert_eq!(
        up.client.ask("POST", "/api/x/a", &[], b"body").await.text(),
        "second a: body",
        "by method too"
    );
    assert_eq!(up.get("/api/x/b").await.seen(), (404, ""));
    let options = up.client.ask("OPTIONS", "/api/x/a", &[], b"").await;
    assert_eq!(options.seen(), (200, "GET,HEAD"), "of the first that knows the path, as in Express");
}

#[tokio::test]
async fn a_routers_own_fallback_stays() {
    let first = Router::new().fallback(async || "fallback");
    let second = Router::new().route("/b", get(async || "b"));
    let up = several(vec![first, second.clone()]).start().await;
    assert_eq!(up.get("/api/x/b").await.seen(), (200, "fallback"));
    let up = several(vec![second, Router::new().fallback(async || "fallback")]).start().await;
    assert_eq!(up.get("/api/x/b").await.seen(), (200, "b"));
    assert_eq!(up.get("/api/x/c").await.seen(), (200, "fallback"));
}

#[tokio::test]
async fn a_slash_at_the_end_is_tolerated_inside_a_router() {
    let router = Router::new()
        .route("/a", get(async || "a"))
        .route("/own/", get(async || "own"))
        .route("/p/{p}", post(async |body: String| body));
    let up = several(vec![router]).start().await;
    assert_eq!(up.get("/api/x/a/").await.seen(), (200, "a"));
    assert_eq!(up.get("/api/x/a/?q").await.seen(), (200, "a"));
    assert_eq!(up.get("/api/x/own/").await.seen(), (200, "own"));
    assert_eq!(up.get("/api/x/a//").await.seen(), (404, ""));
    assert_eq!(up.client.ask("POST", "/api/x/p/1/", &[], b"body").await.seen(), (200, "body"));
    assert_eq!(up.client.ask("POST", "/api/x/a/", &[], b"body").await.seen(), (404, ""));
}

#[tokio::test]
async fn a_layer_that_reads_the_body_keeps_no_request_from_the_route_without_the_slash() {
    let read = async |request: Request, next: Next| {
        let (parts, body) = request.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("the whole body");
        next.run(Request::from_parts(parts, Body::from(bytes))).await
    };
    let length = post(async |body: String| body.len().to_string()).layer(DefaultBodyLimit::disable());
    let up = several(vec![Router::new().route("/a", length).layer(from_fn(read))]).start().await;
    let ask = async |length: usize| up.client.ask("POST", "/api/x/a/", &[], &vec![b'x'; length]).await;
    assert_eq!(ask(0).await.seen(), (200, "0"));
    assert_eq!(ask(100 * 1024).await.seen(), (200, "102400"));
    assert_eq!(ask(1024 * 1024).await.seen(), (404, ""), "so much is not kept for the next route");
}

#[tokio::test]
async fn the_mount_of_a_plugin_matches_in_any_case_and_at_segments() {
    let up = several(vec![Router::new().route("/", get(async || "root")).route("/Case", get(async || "c"))])
        .start()
        .await;
    for path in ["/api/x", "/API/X/", "/api/x?q"] {
        assert_eq!(up.get(path).await.seen(), (200, "root"), "{path}");
    }
    assert_eq!(
        up.get("/api/x/case").await.status,
        404,
        "inside it is the author's router: a declared deviation"
    );
    for path in ["/api/xy", "/api//x", "/api/x/../x", "/api"] {
        assert_eq!(up.get(path).await.seen(), (404, ""), "{path}");
    }
}

#[tokio::test]
async fn a_handler_that_answers_an_empty_404_is_asked_once() {
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let noted = asked.clone();
    let nowhere = post(async move |uri: axum::http::Uri, body: String| {
        noted.lock().unwrap().push(format!("{uri} {body}"));
        axum::http::StatusCode::NOT_FOUND
    });
    let up = several(vec![Router::new().route("/{*rest}", nowhere)]).start().await;
    for target in ["/api/x/a/", "/api/x/b"] {
        assert_eq!(up.client.ask("POST", target, &[], b"told").await.seen(), (404, ""));
    }
    assert_eq!(*asked.lock().unwrap(), ["/a/ told", "/b told"]);
}
