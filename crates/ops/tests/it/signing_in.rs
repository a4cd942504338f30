//! From a link or the token to a session, and to its end.

use greenroom_ops::Ops;
use greenroom_test::{RunningTestBackend, mock::OPS_TOKEN};
use serde_json::{Value, json};

use crate::kit::{self, Browser, SESSION};

async fn link(backend: &RunningTestBackend) -> Value {
    let made = backend.post_json("/.greenroom/v1/links", &json!({})).with_token(OPS_TOKEN).await;
    assert_eq!(made.status, 200);
    made.json()
}

fn code(link: &str) -> Value {
    json!({"code": link.strip_prefix("/.greenroom/sign-in#").unwrap()})
}

#[tokio::test]
async fn ops_9_a_link_is_good_once() {
    let backend = kit::start().await;
    let made = link(&backend).await;
    assert_eq!(made["expiresInSeconds"], 600);
    let code = code(made["path"].as_str().unwrap());
    let browser = Browser::with(&backend, &code).await;
    assert_eq!(browser.sends(backend.get("/.greenroom")).await.text(), "<h1>Ready.</h1>");
    assert_eq!(backend.post_json(SESSION, &code).await.status, 401);
}

#[tokio::test]
async fn ops_9_of_two_who_use_a_link_at_once_one_is_let_in() {
    let backend = kit::start().await;
    for _ in 0..4 {
        let code = code(&backend.service::<Ops>().await.unwrap().link().unwrap());
        let use_it = || async { backend.post_json(SESSION, &code).await.status.as_u16() };
        let (one, other) = tokio::join!(use_it(), use_it());
        let mut both = [one, other];
        both.sort_unstable();
        assert_eq!(both, [204, 401]);
    }
}

#[tokio::test]
async fn ops_9_a_link_that_was_used_counts_as_no_guess() {
    let backend = kit::start().await;
    let code = code(&backend.service::<Ops>().await.unwrap().link().unwrap());
    assert_eq!(backend.post_json(SESSION, &code).await.status, 204);
    for _ in 0..12 {
        assert_eq!(backend.post_json(SESSION, &code).await.status, 401);
    }
}

#[tokio::test]
async fn ops_9_a_link_that_is_too_old_is_refused() {
    let backend = kit::start().await;
    let code = code(&backend.service::<Ops>().await.unwrap().link().unwrap());
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(600)).await;
    tokio::time::resume();
    assert_eq!(backend.post_json(SESSION, &code).await.status, 401);
}

#[tokio::test]
async fn ops_10_a_session_is_a_cookie_that_scripts_other_sites_and_other_paths_do_not_get() {
    let backend = kit::start().await;
    let signed_in = backend.post_json(SESSION, &json!({"token": OPS_TOKEN})).await;
    let port = backend.url().rsplit(':').next().unwrap().to_owned();
    let set = signed_in.header("set-cookie").unwrap();
    let (pair, attributes) = set.split_once("; ").unwrap();
    assert!(pair.starts_with(&format!("greenroom-ops-{port}=")), "{pair}");
    assert_eq!(attributes, "Path=/.greenroom; Max-Age=43200; HttpOnly; SameSite=Strict");
}

#[tokio::test]
async fn ops_10_off_this_machine_a_session_needs_https() {
    let backend = kit::start_with(json!({"backend": {"trustProxy": "loopback"}})).await;
    let code = code(&backend.service::<Ops>().await.unwrap().link().unwrap());
    let ask = || backend.post_json(SESSION, &code).header("host", "portal.example.com");
    let plain = ask().await;
    assert_eq!(plain.status, 403);
    assert!(plain.json()["error"]["message"].as_str().unwrap().contains("https"));
    // Its code is as good as before.
    let encrypted = ask().header("x-forwarded-proto", "https").await;
    assert_eq!(encrypted.status, 204);
    assert!(encrypted.header("set-cookie").unwrap().ends_with("; Secure"));
}

#[tokio::test]
async fn ops_11_a_session_can_be_ended_and_is_over_at_once() {
    let backend = kit::start().await;
    let browser = Browser::sign_in(&backend).await;
    let other = Browser::sign_in(&backend).await;
    let ended = browser.changes(backend.post("/.greenroom/v1/session/end")).await;
    assert_eq!(ended.status, 204);
    assert!(ended.header("set-cookie").unwrap().contains("=; Path=/.greenroom; Max-Age=0;"));
    assert_eq!(browser.sends(backend.get("/.greenroom")).await.status, 401);
    assert_eq!(other.sends(backend.get("/.greenroom")).await.status, 200);
}

#[tokio::test]
async fn ops_11_a_session_that_is_not_used_for_two_hours_is_over() {
    let backend = kit::start().await;
    let browser = Browser::sign_in(&backend).await;
    tokio::time::pause();
    tokio::time::advance(std::time::Duration::from_secs(2 * 60 * 60)).await;
    tokio::time::resume();
    assert_eq!(browser.sends(backend.get("/.greenroom")).await.status, 401);
}

#[tokio::test]
async fn ops_9_the_page_to_sign_in_on_and_its_files_are_there_for_everybody() {
    let backend = kit::start().await;
    let page = backend.get("/.greenroom/sign-in").await;
    assert_eq!(page.status, 200);
    let text = page.text();
    let files: Vec<_> = text.split('"').filter(|part| part.starts_with("/.greenroom/assets/")).collect();
    assert_eq!(files.len(), 3);
    for file in files {
        assert_eq!(backend.get(file).await.status, 200, "{file}");
    }
    assert!(!text.contains("style=") && !text.contains("onclick"), "the policy forbids it");
    let program = std::env::current_exe().unwrap();
    let command = format!("<code>{} ops link</code>", program.file_stem().unwrap().to_str().unwrap());
    assert!(text.contains(&command), "the command is this program's: {text}");
    assert_eq!(text.contains("<code>cargo run -- ops link</code>"), cfg!(debug_assertions));
    let input = text.split("<input").nth(1).unwrap().split('>').next().unwrap();
    assert!(
        text.contains("method=\"post\"") && !input.contains("name="),
        "no token comes into a URL: {input}"
    );
}
