//! Readiness and liveness, from the first accepted connection to the last.

use std::time::Duration;

use greenroom_core::{RootLifecycle, plugin, service};
use greenroom_health::{Check, HealthChecks, HealthResponse, Probe, RootHealth, RootHealthService};
use serde_json::json;
use tokio::sync::watch;

use crate::kit::{Kit, until};

const READINESS: &str = "/.backstage/health/v1/readiness";
const LIVENESS: &str = "/.backstage/health/v1/liveness";
const OK: &str = r#"{"status":"ok"}"#;
const NOT_STARTED: &str = r#"{"message":"Backend has not started yet","status":"error"}"#;
const STOPPING: &str = r#"{"message":"Backend is shutting down","status":"error"}"#;

/// A plugin whose init waits until told.
fn waiting() -> (greenroom_core::Plugin, watch::Sender<bool>) {
    let (go, going) = watch::channel(false);
    let plugin = plugin("slow", move |env| {
        env.register_init(async move || {
            going.clone().wait_for(|go| *go).await?;
            Ok(())
        });
    });
    (plugin, go)
}

#[tokio::test]
async fn health_1_2_readiness_waits_for_every_plugin_and_liveness_for_none() {
    let (slow, go) = waiting();
    let rising = Kit::new().add(slow).launch().await;
    let client = rising.client;
    assert_eq!(client.get(READINESS).await.seen(), (503, NOT_STARTED));
    assert_eq!(client.get(LIVENESS).await.seen(), (200, OK));
    go.send_replace(true);
    let up = rising.up().await;
    let ready = up.get(READINESS).await;
    assert_eq!(ready.seen(), (200, OK));
    assert_eq!(ready.header("content-length"), Some("15"));
    assert_eq!(ready.header("etag"), Some(r#"W/"f-VaSQ4oDUiZblZNAEkkN+sX+q3Sg""#));
    assert_eq!(ready.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(up.get(LIVENESS).await.seen(), (200, OK));
}

#[tokio::test]
async fn health_3_4_readiness_goes_down_at_once_and_the_rest_is_served_until_the_delay_ends() {
    let router = axum::Router::new().route("/ok", axum::routing::get(async || "fine"));
    let up = Kit::new()
        .config("backend.lifecycle.serverShutdownDelay", json!({"milliseconds": 700}))
        .open(router)
        .start()
        .await;
    let client = up.client;
    let stopped = up.stop();
    until(async || client.get(READINESS).await.seen() == (503, STOPPING)).await;
    assert_eq!(client.get(LIVENESS).await.seen(), (200, OK));
    assert_eq!(client.get("/api/x/ok").await.seen(), (200, "fine"));
    stopped.await.unwrap();
    assert!(tokio::net::TcpStream::connect(client.0).await.is_err(), "connections are refused");
}

#[tokio::test]
async fn health_5_configured_headers_are_on_both_endpoints_whatever_the_status() {
    let (slow, go) = waiting();
    let headers = json!({"x-svc": "one", "X-Other": "two"});
    let rising = Kit::new().config("backend.health.headers", headers).add(slow).launch().await;
    for path in [READINESS, LIVENESS] {
        let answer = rising.client.get(path).await;
        assert_eq!((answer.header("x-svc"), answer.header("x-other")), (Some("one"), Some("two")));
    }
    go.send_replace(true);
    let up = rising.up().await;
    assert_eq!(up.get(READINESS).await.header("x-svc"), Some("one"));
    assert_eq!(up.get("/nope").await.header("x-svc"), None);
}

#[tokio::test]
async fn bad_headers_are_refused_at_start() {
    let refused = async |headers: serde_json::Value| {
        Kit::new().config("backend.health.headers", headers).refused().await.to_string()
    };
    let value = "Invalid header value in at backend.health.headers, must be a non-empty string";
    let name = "Invalid header name in at backend.health.headers, must be a non-empty string";
    for (headers, text) in [
        (json!({"x": ""}), value),
        (json!({"x": 1}), value),
        (json!({"x": "a\nb"}), value),
        (json!({"": "x"}), name),
        (json!({"a b": "x"}), name),
    ] {
        let said = refused(headers).await;
        assert!(said.contains(text), "{said}");
    }
    let said = refused(json!("text")).await;
    let text =
        "Invalid type in config for key 'backend.health.headers' in 'mock-config', got string, wanted object";
    assert!(said.contains(text), "{said}");
}

#[tokio::test]
async fn health_6_methods_case_and_slash_are_matched_as_express_matches() {
    let up = Kit::new().start().await;
    let post = up.client.ask("POST", READINESS, &[], b"").await;
    assert_eq!((post.status, post.header("content-type"), post.text()), (404, None, ""));
    let head = up.client.ask("HEAD", READINESS, &[], b"").await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("15")));
    let options = up.client.ask("OPTIONS", LIVENESS, &[], b"").await;
    assert_eq!((options.seen(), options.header("allow")), ((200, "GET,HEAD"), Some("GET,HEAD")));
    for path in
        ["/.backstage/health/v1/LIVENESS/", "/.BACKSTAGE/health/v1/Readiness", &format!("{READINESS}?x")]
    {
        assert_eq!(up.get(path).await.seen(), (200, OK), "{path}");
    }
    for path in
        ["/.backstage/health/v1/readiness/x", "//.backstage/health/v1/readiness", "/.backstage/health/v1"]
    {
        assert_eq!(up.get(path).await.seen(), (404, ""), "{path}");
    }
}

/// A plugin `db` with a check `pool` that fails readiness and one, `lag`, that does not.
fn checks(pool: Check) -> greenroom_core::Plugin {
    plugin("db", move |env| {
        env.register_init(async move |health: HealthChecks| {
            health.declare("pool").readiness().run(async move || pool);
            health.check("lag", async || Check::fail("host db-7 is 40 s behind"));
            Ok(())
        });
    })
}

#[tokio::test]
async fn a_check_that_opted_in_fails_readiness_by_name_and_is_excluded_by_name() {
    let up = Kit::new().add(checks(Check::fail("password wrong at db-7"))).start().await;
    let failed = r#"{"message":"Check 'db.pool' failed","status":"error"}"#;
    assert_eq!(up.get(READINESS).await.seen(), (503, failed));
    assert_eq!(up.get(LIVENESS).await.seen(), (200, OK));
    assert_eq!(up.get(&format!("{READINESS}?exclude=db.pool")).await.seen(), (200, OK));
    assert_eq!(up.get(&format!("{READINESS}?exclude=db%2Epool&exclude=x")).await.seen(), (200, OK));
    assert_eq!(up.get(&format!("{READINESS}?exclude=db")).await.status, 503);
}

#[tokio::test]
async fn a_check_is_opted_in_by_config() {
    let kit = Kit::new().config("greenroom.health.readiness", json!(["db.lag"])).add(checks(Check::pass()));
    let failed = r#"{"message":"Check 'db.lag' failed","status":"error"}"#;
    assert_eq!(kit.start().await.get(READINESS).await.seen(), (503, failed));
}

#[tokio::test]
async fn a_configured_check_that_nobody_registers_fails_the_start() {
    let refused = Kit::new().config("greenroom.health.readiness", json!(["db.typo"])).refused().await;
    assert!(refused.to_string().contains("'db.typo'"), "{refused}");
}

#[tokio::test]
async fn verbose_lists_the_checks_and_withholds_the_reasons() {
    let up = Kit::new().add(checks(Check::fail("password wrong at db-7"))).start().await;
    until(async || !up.get(&format!("{READINESS}?verbose")).await.text().contains("has not run")).await;
    let answer = up.get(&format!("{READINESS}?verbose")).await;
    let expected = "[-]db.lag failed: reason withheld\n[-]db.pool failed: reason withheld\n\
                    readiness check failed: Check 'db.pool' failed\n";
    assert_eq!(answer.seen(), (503, expected));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    let answer = up.get(&format!("{READINESS}?verbose=1&exclude=db.pool")).await;
    let expected = "[-]db.lag failed: reason withheld\n[+]db.pool excluded: ok\nreadiness check passed\n";
    assert_eq!(answer.seen(), (200, expected));
    let answer = up.get(&format!("{READINESS}?verbose&exclude=db.pol")).await;
    let told = "warn: some health checks cannot be excluded: no matches for \"db.pol\"\n";
    assert!(answer.text().contains(told), "{}", answer.text());
    assert_eq!(up.get(&format!("{LIVENESS}?verbose")).await.seen(), (200, "liveness check passed\n"));
    assert_eq!(up.get(&format!("{LIVENESS}?verbose=false")).await.seen(), (200, OK));
}

struct Own;

impl RootHealthService for Own {
    fn readiness<'a>(
        &'a self,
        probe: &'a Probe,
    ) -> std::pin::Pin<Box<dyn Future<Output = HealthResponse> + Send + 'a>> {
        Box::pin(async move {
            assert!(probe.exclude.is_empty(), "excluded");
            HealthResponse { status: 418, payload: None }
        })
    }
}

#[tokio::test]
async fn replacing_root_health_replaces_the_answers_not_the_registry() {
    let own = service(async |_: RootLifecycle| Ok(RootHealth::new(Own)));
    let up = Kit::new().add(own).add(checks(Check::fail("x"))).start().await;
    let answer = up.get(READINESS).await;
    assert_eq!(answer.seen(), (418, ""));
    assert!(answer.head.starts_with("HTTP/1.1 418 I'm a Teapot\r\n"), "{}", answer.head);
    assert_eq!(up.get(LIVENESS).await.seen(), (200, OK));
    tokio::time::sleep(Duration::from_millis(20)).await;
    let verbose = up.get(&format!("{READINESS}?verbose")).await;
    assert!(verbose.text().contains("[-]db.pool failed"), "{}", verbose.text());
}

#[tokio::test]
async fn a_panic_in_a_replaced_root_health_is_a_500_and_not_a_broken_connection() {
    let own = service(async |_: RootLifecycle| Ok(RootHealth::new(Own)));
    let up = Kit::new().add(own).start().await;
    let answer = up.get(&format!("{READINESS}?exclude=x")).await;
    assert_eq!(answer.status, 500);
    assert!(!answer.text().contains("excluded\""), "{}", answer.text());
    assert_eq!(up.lines_of("errorHandler", 2).await.len(), 2);
}
