//! A run at a portal.

use std::collections::BTreeMap;

use greenroom_look::{USER_AGENT, Verdict};
use serde_json::Value;

use crate::kit::{Answer, Server, answer, look, look_with, with};

const PAGE: &str = r#"<html><head><title>The portal</title><meta name="backstage-app-mode" content="public">
<script defer src="/static/main.1.js"></script><script defer src="https://cdn.example/x.js"></script>
<script type="backstage.io/config">[{"context":"app","data":{"app":{"baseUrl":"http://localhost:7007"},"backend":{"baseUrl":"http://localhost:7007"}}}]</script>
</head></html>"#;

const MAP: &str =
    r#"{"version":3,"sources":["webpack://app/./src/App.tsx"],"sourcesContent":["secret business"]}"#;

/// As a stock one answers.
pub(crate) fn stock(method: &str, path: &str) -> Answer {
    let json = "application/json; charset=utf-8";
    let keys = r#"{"keys":[{"kid":"a"}]}"#;
    match path.split('?').next().unwrap() {
        "/.backstage/health/v1/readiness" | "/api/signals/health" => answer(200, json, r#"{"status":"ok"}"#),
        "/api/catalog/.backstage/auth/v1/jwks.json" | "/api/auth/.well-known/jwks.json" => {
            answer(200, json, keys)
        }
        "/api/auth/.well-known/openid-configuration" => answer(
            200,
            json,
            r#"{"issuer":"http://localhost:7007/api/auth","code_challenge_methods_supported":["S256"]}"#,
        ),
        "/api/auth/guest/refresh" => answer(
            200,
            json,
            r#"{"backstageIdentity":{"token":"the-guests-token","identity":{"userEntityRef":"user:development/guest"}}}"#,
        ),
        "/api/signals" => with(401, "Connection: close\r\n", ""),
        "/api/catalog/entity-facets" => answer(401, json, r#"{"error":{"message":"Missing credentials"}}"#),
        "/static/main.1.js.map" if method == "HEAD" => Answer::With(
            "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n".to_owned(),
        ),
        "/static/main.1.js.map" => answer(200, json, MAP),
        "/static/main.1.js" => answer(200, "application/javascript", "1"),
        api if api.starts_with("/api/") => answer(404, json, ""),
        "/" if method == "HEAD" => {
            Answer::With("HTTP/1.1 200 X\r\nETag: W/\"1\"\r\nContent-Length: 9\r\n\r\n".to_owned())
        }
        _ => with(
            200,
            "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store, max-age=0\r\nContent-Security-Policy: default-src 'self'\r\n",
            PAGE,
        ),
    }
}

#[tokio::test]
async fn a_stock_portal_is_told_what_it_shows() {
    let server = Server::start(stock).await;
    let report = look(&server.url()).await;
    assert_eq!((report.verdict(), report.exit_code()), (Verdict::Findings, 1));
    for id in ["plugins-enumerable", "source-maps", "guest-sign-in", "probe-answered-by-page"] {
        assert!(report.has_problem(id), "{id}: {}", report.text(true));
    }
    for id in ["readiness", "websocket", "signals-anonymous", "catalog-anonymous", "cors", "csp", "replicas"]
    {
        assert!(!report.has_problem(id), "{id}: {}", report.text(true));
    }
    let text = report.text(true);
    assert!(text.contains("such as src/App.tsx") && text.contains("user:development/guest"), "{text}");
    assert!(!text.contains("the-guests-token") && !text.contains("secret business"), "{text}");
}

/// What the report says that it did is what the server has seen.
#[tokio::test]
async fn the_report_names_each_request_that_the_server_got() {
    let server = Server::start(stock).await;
    let report = look_with(&server.url(), "a-token").await;
    let origin = server.url();
    let own = report
        .requests()
        .iter()
        .filter_map(|request| Some(format!("{} {}", request.method, request.url.strip_prefix(&origin)?)));
    let mut own: Vec<_> = own.collect();
    own.sort();
    assert_eq!(own, server.log().await);
    assert!(own.len() <= 60, "{}", own.len());
    // Besides the origin, one port of its host.
    let others: Vec<_> = report
        .requests()
        .iter()
        .filter(|request| !request.url.starts_with(&origin))
        .map(|request| &*request.url)
        .collect();
    assert_eq!(others, ["http://127.0.0.1:9464/metrics"]);
    let json: Value = serde_json::from_str(&report.json()).unwrap();
    assert_eq!(json["requests"].as_array().unwrap().len(), report.requests().len());
}

#[tokio::test]
async fn requests_change_nothing_and_say_who_asks() {
    let server = Server::start(stock).await;
    look_with(&server.url(), "a-token").await;
    for head in server.heads().await {
        assert!(["GET ", "HEAD ", "OPTIONS "].iter().any(|method| head.starts_with(method)), "{head}");
        assert!(
            head.lines().any(|line| line.to_lowercase() == format!("user-agent: {USER_AGENT}")),
            "{head}"
        );
    }
}

/// The run begins no request twice but for those that compare replicas.
#[tokio::test]
async fn nothing_is_asked_twice_but_to_compare_replicas() {
    let server = Server::start(stock).await;
    look(&server.url()).await;
    let mut times = BTreeMap::<_, usize>::new();
    for line in server.log().await {
        *times.entry(line).or_default() += 1;
    }
    let twice: Vec<_> = times.iter().filter(|(_, times)| **times > 1).map(|(line, _)| &**line).collect();
    assert_eq!(
        twice,
        ["GET /api/auth/.well-known/jwks.json", "GET /api/catalog/entity-facets?facet=kind", "HEAD /"]
    );
}
