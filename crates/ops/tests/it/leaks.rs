//! That nothing by which one is let in stands anywhere it does not belong.

use greenroom_ops::Ops;
use greenroom_test::mock::OPS_TOKEN;
use serde_json::json;

use crate::kit::{self, Browser, SESSION};

#[tokio::test]
async fn ops_15_no_line_page_or_header_holds_a_token_a_code_or_a_session() {
    let backend = kit::start().await;
    let link = backend.service::<Ops>().await.unwrap().link().unwrap();
    let code = link.split_once('#').unwrap().1.to_owned();
    let browser = Browser::with(&backend, &json!({"code": code})).await;
    let session = browser.cookie.split_once('=').unwrap().1.to_owned();
    let canaries = [OPS_TOKEN, &code, &session];

    // Where a mistake would put them.
    let wrong = [
        format!("/.greenroom/sign-in?code={code}"),
        format!("/.greenroom/queue?token={OPS_TOKEN}"),
        format!("/.greenroom/nothing?session={session}"),
    ];
    let mut answers = vec![backend.post_json(SESSION, &json!({"code": code})).await];
    for path in wrong {
        answers.push(browser.sends(backend.get(&path)).header("accept", "text/html").await);
        answers.push(backend.get(&path).await);
    }
    for (method, path) in kit::requests(&backend).await {
        // A cookie alone ends nothing.
        answers.push(browser.sends(backend.request(method, &path)).await);
        assert!(canaries.iter().all(|canary| !path.contains(canary)));
    }
    for answer in &answers {
        let told = format!("{:?} {}", answer.headers, answer.text());
        assert!(canaries.iter().all(|canary| !told.contains(canary)), "{told}");
    }
    backend.stop().await;
}

#[tokio::test]
async fn ops_15_what_signs_in_is_not_repeated_however_malformed_it_is() {
    let backend = kit::start().await;
    let malformed =
        ["\"hunter2\"", "{\"token\": \"hunter2", "{\"token\": {\"hunter2\": 1}}", "{\"code\": 4711}"];
    for body in malformed {
        let answer = backend.post(SESSION).header("content-type", "application/json").body(body).await;
        assert_eq!(answer.status, 400, "{body}");
        let told = answer.text();
        assert!(!told.contains("hunter2") && !told.contains("4711") && told.contains("`token`"), "{told}");
    }
}

#[tokio::test]
async fn ops_15_the_log_holds_none_of_them_either() {
    let backend = kit::start().await;
    let link = backend.service::<Ops>().await.unwrap().link().unwrap();
    let code = link.split_once('#').unwrap().1.to_owned();
    backend.get(&format!("/.greenroom/sign-in?code={code}")).await;
    backend.get(&format!("/.greenroom/x/{OPS_TOKEN}?token={OPS_TOKEN}")).with_token(OPS_TOKEN).await;
    let browser = Browser::with(&backend, &json!({"code": code})).await;
    browser.changes(backend.post("/.greenroom/v1/session/end")).await;
    backend.await_log(|line| line["action"] == "session.end").await;
    let lines = backend.captured();
    backend.stop().await;
    let session = browser.cookie.split_once('=').unwrap().1;
    for line in lines.all() {
        let line = line.to_string();
        for canary in [OPS_TOKEN, &code, session, &browser.csrf] {
            assert!(!line.contains(canary), "{line}");
        }
    }
}
