//! That the surface stands apart from Backstage's routes.

use greenroom_test::mock::OPS_TOKEN;
use http::Method;
use serde_json::json;

use crate::kit;

#[tokio::test]
async fn ops_1_no_header_of_backstages_is_here() {
    let backend = kit::start_with(json!({"backend": {"rateLimit": {"windowMs": 60_000, "limit": 1}}})).await;
    for _ in 0..3 {
        let answer = backend.get("/.greenroom/v1/queue/depth").with_token(OPS_TOKEN).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["depth"].clone()),
            (200, json!(7)),
            "no limit of Backstage's"
        );
        let ours = [
            "cache-control",
            "connection",
            "content-length",
            "content-security-policy",
            "content-type",
            "cross-origin-opener-policy",
            "cross-origin-resource-policy",
            "date",
            "keep-alive",
            "referrer-policy",
            "x-content-type-options",
            "x-request-id",
        ];
        let mut names: Vec<_> = answer.headers.keys().map(|name| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ours);
    }
}

#[tokio::test]
async fn ops_1_the_access_line_says_which_route_and_that_it_was_an_operator() {
    let backend = kit::start().await;
    backend.post_json("/.greenroom/v1/queue/7/clear", &json!({})).with_token(OPS_TOKEN).await;
    let line = backend.await_log(|line| line["type"] == "incomingRequest").await;
    assert_eq!(line["route"], "/.greenroom/v1/queue/{id}/clear");
    assert_eq!((&line["principalType"], &line["targetPlugin"]), (&json!("operator"), &json!("queue")));
}

#[tokio::test]
async fn a_look_is_at_debug_in_the_log_and_a_change_a_refusal_and_a_failure_at_info() {
    let backend = kit::start_with(json!({"backend": {"logger": {"level": "debug"}}})).await;
    let away = backend.request(Method::PUT, "/.greenroom/v1/queue/depth").with_token(OPS_TOKEN);
    assert_eq!(away.json(&json!({})).await.status, 503);
    assert_eq!(backend.get("/.greenroom/v1/queue/depth").without_credentials().await.status, 401);
    for (path, status) in [("/.greenroom/v1/queue/depth", 200), ("/.greenroom/v1/nobody", 404)] {
        assert_eq!(backend.get(path).with_token(OPS_TOKEN).await.status, status, "{path}");
    }
    backend.post_json("/.greenroom/v1/queue/7/clear", &json!({})).with_token(OPS_TOKEN).await;
    let is_line = |line: &&serde_json::Value| line["type"] == "incomingRequest";
    backend.await_log(|line| is_line(&line) && line["method"] == "POST").await;
    let lines = backend.logs();
    let told = lines.iter().filter(is_line).map(|line| (line["status"].as_u64(), line["level"].as_str()));
    let expected = [(503, "info"), (401, "info"), (200, "debug"), (404, "debug"), (200, "info")]
        .map(|(status, level)| (Some(status), Some(level)));
    assert_eq!(told.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn ops_2_browsers_are_told_to_keep_share_and_embed_nothing() {
    let backend = kit::start().await;
    let policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; \
                  form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    for (method, path) in kit::requests(&backend).await {
        let request = backend.request(method.clone(), &path).with_token(OPS_TOKEN).json(&json!({}));
        let answer = request.await;
        let said = |name| answer.header(name).unwrap_or_default();
        assert_eq!(said("content-security-policy"), policy, "{method} {path}");
        assert_eq!((said("referrer-policy"), said("x-content-type-options")), ("no-referrer", "nosniff"));
        assert_eq!(said("cross-origin-resource-policy"), "same-origin");
        let is_file = path.starts_with("/.greenroom/assets/") && answer.status.is_success();
        let kept = if path == "/.greenroom/assets/queue.css" { "max-age=60" } else { "no-cache" };
        assert_eq!(said("cache-control"), if is_file { kept } else { "no-store" }, "{method} {path}");
    }
}

#[tokio::test]
async fn ops_3_what_is_asked_for_there_never_comes_to_the_routes_of_others() {
    let backend = kit::start().await;
    for path in [
        "/.greenroom/nothing",
        "/.GREENROOM/v1/queue/depth",
        "/.greenroom//v1/queue/depth",
        "/.greenroom/../x",
    ] {
        let answer = backend.get(path).with_token(OPS_TOKEN).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(answer.json()["error"]["name"], "NotFoundError");
    }
    let method = backend.post_json("/.greenroom/v1/queue/7/clear", &json!({})).with_token(OPS_TOKEN).await;
    assert_eq!(method.status, 200);
    let wrong = backend.get("/.greenroom/v1/queue/7/clear").with_token(OPS_TOKEN).await;
    assert_eq!((wrong.status.as_u16(), wrong.header("allow")), (405, Some("POST")));
    let elsewhere = backend.get("/.greenroomx").await;
    assert_eq!(
        (elsewhere.status.as_u16(), elsewhere.header("content-security-policy").is_some()),
        (404, true)
    );
    assert!(elsewhere.body.is_empty(), "it is Backstage's own 404");
}

#[tokio::test]
async fn ops_3_a_slash_at_the_end_is_tolerated() {
    let backend = kit::start().await;
    for (path, text) in [("/.greenroom/", "<h1>Ready.</h1>"), ("/.greenroom/queue/?a=b", "<h1>7 wait.</h1>")]
    {
        assert_eq!(backend.get(path).with_token(OPS_TOKEN).await.text(), text, "{path}");
    }
}
