//! Who is refused, on every route that there is: the list is the router's own.

use greenroom_test::{RunningTestBackend, TestRequest, TestResponse, mock::OPS_TOKEN};
use http::Method;
use serde_json::json;

use crate::kit::{self, Browser};

/// Asks for every method of every route, and returns what was answered.
async fn all(
    backend: &RunningTestBackend,
    ask: impl Fn(TestRequest) -> TestRequest,
) -> Vec<(Method, String, TestResponse)> {
    let mut answers = vec![];
    for (method, path) in kit::requests(backend).await {
        let request = ask(backend.request(method.clone(), &path));
        answers.push((method, path, request.await));
    }
    assert!(answers.len() > 50);
    answers
}

fn shares_nothing(response: &TestResponse) {
    for name in response.headers.keys() {
        assert!(!name.as_str().starts_with("access-control-"), "{:?}", response.headers);
    }
}

#[tokio::test]
async fn ops_4_without_credentials_every_route_is_refused_and_says_what_to_do() {
    let backend = kit::start().await;
    for (method, path, answer) in all(&backend, |request| request.json(&json!({}))).await {
        if kit::is_open(&method, &path) {
            continue;
        }
        assert_eq!(answer.status, 401, "{method} {path}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"greenroom\""));
        if method != Method::HEAD {
            let body = answer.json();
            assert_eq!(body["error"]["name"], "AuthenticationError", "{method} {path}");
            assert!(body["error"]["message"].as_str().unwrap().contains("greenroom ops link"));
        }
    }
}

#[tokio::test]
async fn ops_4_whatever_is_wrong_with_a_credential_the_answer_is_the_same() {
    // Each client may be wrong ten times.
    let backend = kit::start().await;
    let expected = backend.get("/.greenroom/v1/queue/depth").await;
    for (name, value) in [
        ("authorization", "Bearer wrong"),
        ("authorization", "Bearer "),
        ("authorization", "Basic b3BzOnRva2Vu"),
        ("authorization", OPS_TOKEN),
        ("cookie", "greenroom-ops=wrong"),
        ("cookie", &format!("greenroom-ops-{}={OPS_TOKEN}", backend.url().rsplit(':').next().unwrap())),
    ] {
        let answer = backend.get("/.greenroom/v1/queue/depth").header(name, value).await;
        assert_eq!((answer.status, &answer.body), (expected.status, &expected.body), "{name}: {value}");
    }
    for wrong in [json!({"token": "wrong"}), json!({"code": "wrong"}), json!({})] {
        let answer = backend.post_json(kit::SESSION, &wrong).await;
        assert_eq!(answer.status, 401);
        assert_eq!(answer.json()["error"], expected.json()["error"]);
        assert_eq!(answer.header("set-cookie"), None);
    }
}

#[tokio::test]
async fn ops_5_under_a_name_that_is_not_ours_every_route_is_refused_whoever_asks() {
    let backend = kit::start().await;
    let by = |request: TestRequest| request.with_token(OPS_TOKEN).json(&json!({}));
    for host in ["evil.example.com", "portal.example.com.evil", "localhost.evil"] {
        for (method, path, answer) in all(&backend, |request| by(request).header("host", host)).await {
            assert_eq!(answer.status, 421, "{method} {path}");
        }
    }
    for host in ["portal.example.com", "app.example.com:9", "localhost:1", "127.0.0.1", "[::1]:7007"] {
        let answer = by(backend.get("/.greenroom/v1/queue/depth")).header("host", host).await;
        assert_eq!(answer.status, 200, "{host}");
    }
}

#[tokio::test]
async fn ops_5_what_greenroom_ops_hosts_lists_is_ours_too() {
    let backend = kit::start_with(json!({"greenroom": {"ops": {"hosts": ["ops.internal:7010"]}}})).await;
    for (host, status) in [("ops.internal:7010", 200), ("ops.internal", 421)] {
        let request = backend.get("/.greenroom/v1/queue/depth").with_token(OPS_TOKEN);
        assert_eq!(request.header("host", host).await.status, status, "{host}");
    }
}

#[tokio::test]
async fn ops_6_a_page_of_another_origin_is_refused_on_every_route_one_that_cors_allows_too() {
    let backend = kit::start().await;
    let browser = Browser::sign_in(&backend).await;
    for origin in ["https://evil.example.com", "http://localhost:3000", "null"] {
        let by_cookie = |request: TestRequest| browser.changes(request).header("origin", origin);
        let by_token =
            |request: TestRequest| request.with_token(OPS_TOKEN).json(&json!({})).header("origin", origin);
        for (method, path, answer) in
            all(&backend, by_cookie).await.into_iter().chain(all(&backend, by_token).await)
        {
            assert_eq!(answer.status, 403, "{method} {path} {origin}");
            shares_nothing(&answer);
        }
    }
}

#[tokio::test]
async fn ops_6_a_preflight_is_granted_nothing() {
    let backend = kit::start().await;
    let preflight = backend.request(Method::OPTIONS, "/.greenroom/v1/queue/depth");
    let preflight = preflight.header("origin", "http://localhost:3000");
    let answer = preflight.header("access-control-request-method", "GET").await;
    assert_eq!(answer.status, 403);
    shares_nothing(&answer);
    let elsewhere =
        backend.request(Method::OPTIONS, "/api/queue/x").header("origin", "http://localhost:3000");
    let elsewhere = elsewhere.header("access-control-request-method", "GET").await;
    assert_eq!(
        elsewhere.header("access-control-allow-origin"),
        Some("http://localhost:3000"),
        "which cors does grant"
    );
}

#[tokio::test]
async fn ops_7_a_cookie_alone_changes_nothing_on_any_route() {
    let backend = kit::start().await;
    let browser = Browser::sign_in(&backend).await;
    let other = Browser::sign_in(&backend).await;
    let with = |csrf: Option<String>| {
        let browser = &browser;
        move |request: TestRequest| {
            let request = browser.sends(request).json(&json!({})).header("origin", &browser.origin);
            match &csrf {
                Some(csrf) => request.header("x-csrf-token", csrf),
                None => request,
            }
        }
    };
    for csrf in [None, Some(String::new()), Some("x".to_owned()), Some(other.csrf.clone())] {
        for (method, path, answer) in all(&backend, with(csrf)).await {
            if kit::is_change(&method) && !kit::is_open(&method, &path) {
                assert_eq!(answer.status, 403, "{method} {path}");
            }
        }
    }
    assert_eq!(browser.sends(backend.get("/.greenroom")).await.status, 200, "nothing has ended the session");
}

#[tokio::test]
async fn ops_7_a_change_that_does_not_say_where_it_comes_from_is_refused() {
    let backend = kit::start().await;
    let browser = Browser::sign_in(&backend).await;
    let request = browser.sends(backend.post_json("/.greenroom/v1/queue/7/clear", &json!({})));
    let answer = request.header("x-csrf-token", &browser.csrf).await;
    assert_eq!(answer.status, 403);
    let request = browser.changes(backend.post("/.greenroom/v1/queue/7/clear"));
    assert_eq!(request.clone().header("sec-fetch-site", "same-site").await.status, 403);
    assert_eq!(request.header("sec-fetch-site", "same-origin").await.status, 200);
}

#[tokio::test]
async fn ops_8_what_a_form_can_send_changes_nothing() {
    let backend = kit::start().await;
    let browser = Browser::sign_in(&backend).await;
    for kind in [
        "application/x-www-form-urlencoded",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/jsonp",
    ] {
        for (method, path, answer) in
            all(&backend, |request| browser.changes(request).header("content-type", kind)).await
        {
            if kit::is_change(&method) {
                assert_eq!(answer.status, 415, "{method} {path} {kind}");
            }
        }
    }
}

#[tokio::test]
async fn ops_12_who_is_wrong_too_often_is_refused_for_a_while_and_keeps_nobody_out() {
    let backend = kit::start().await;
    let browser = Browser::sign_in(&backend).await;
    for _ in 0..9 {
        assert_eq!(backend.get("/.greenroom").with_token("wrong").await.status, 401);
    }
    let tenth = backend.post_json(kit::SESSION, &json!({"code": "wrong"})).await;
    assert_eq!((tenth.status.as_u16(), tenth.header("retry-after")), (429, Some("60")));
    assert_eq!(backend.get("/.greenroom").with_token("wrong").await.status, 429);
    assert_eq!(backend.post_json(kit::SESSION, &json!({"token": "wrong"})).await.status, 429);
    assert_eq!(backend.get("/.greenroom").with_token(OPS_TOKEN).await.status, 200);
    assert_eq!(backend.post_json(kit::SESSION, &json!({"token": OPS_TOKEN})).await.status, 204);
    assert_eq!(browser.sends(backend.get("/.greenroom")).await.status, 200);
    let is_told = |line: &serde_json::Value| {
        line["message"].as_str().unwrap().starts_with("Too many wrong credentials")
    };
    backend.await_log(is_told).await;
    assert_eq!(backend.logs().iter().filter(|line| is_told(line)).count(), 1);
}

#[tokio::test]
async fn ops_4_a_browser_gets_the_page_to_sign_in_on_and_a_sentence_for_all_else() {
    let backend = kit::start().await;
    let page = |path: &str| backend.get(path).header("accept", "text/html,application/xhtml+xml");
    let sign_in = page("/.greenroom/queue").await;
    assert_eq!(sign_in.status, 401);
    assert!(sign_in.text().contains("Sign in to see") && sign_in.text().contains(" ops link</code>"));
    let foreign = page("/.greenroom/queue").header("host", "<script>.evil").await;
    assert!(foreign.text().contains("greenroom.ops.hosts") && !foreign.text().contains("<script>.evil"));
    let nothing = page("/.greenroom/nothing").with_token(OPS_TOKEN).await;
    assert_eq!(nothing.status, 404);
    assert!(nothing.text().contains("<h1>There is no such page"));
}

#[tokio::test]
async fn ops_6_behind_a_proxy_that_is_trusted_the_origin_is_that_of_the_name_it_was_asked_for() {
    for (trust, status) in [(json!("loopback"), 200), (json!(false), 403)] {
        let backend = kit::start_with(json!({"backend": {"trustProxy": trust}})).await;
        let request = backend.post_json("/.greenroom/v1/queue/7/clear", &json!({})).with_token(OPS_TOKEN);
        let request = request.header("x-forwarded-host", "portal.example.com");
        let answer = request.header("origin", "https://portal.example.com").await;
        assert_eq!(answer.status, status, "{trust}");
    }
}
