//! What an operator deletes.

use greenroom_test::mock;
use serde_json::json;

use crate::support::pages;

#[tokio::test]
async fn rum_110_a_session_goes_at_once_and_it_is_written_down() {
    let pages = pages(10).await;
    let sessions = pages.json("sessions").await;
    let id = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/.greenroom/v1/rum/sessions/{id}/delete");
    let delete = || {
        pages
            .backend
            .post_json(&path, &json!({"reason": "asked for by the user"}))
            .with_token(mock::OPS_TOKEN)
    };
    let gone = delete().await;
    assert_eq!((gone.status.as_u16(), gone.json()["views"].as_i64()), (200, Some(5)), "{}", gone.text());
    assert_eq!(pages.get(&format!("/.greenroom/browser/sessions/{id}")).await.status, 404);
    let line = pages.backend.await_log(|line| line["action"] == "rum.session.delete").await;
    let target = line["target"].as_str().unwrap();
    assert!(target.starts_with(&format!("{id}: 1 session, 5 views, ")), "{target}");
    assert_eq!(line["reason"], "asked for by the user");
    assert_eq!(delete().await.status, 404, "it is gone");
    let nothing = format!("{id}: nothing was kept");
    pages.backend.await_log(|line| line["target"] == nothing.as_str()).await;
    let unknown =
        pages.backend.post_json("/.greenroom/v1/rum/users/nobody/delete", &json!({"reason": "asked for"}));
    let unknown = unknown.with_token(mock::OPS_TOKEN).await;
    assert!(unknown.status == 404 && unknown.text().contains("usr.anonymous_id"), "{}", unknown.text());
    let line = pages.backend.await_log(|line| line["action"] == "rum.user.delete").await;
    assert_eq!(line["target"], "an id that is not known: nothing was kept");
    let odd = pages.backend.post_json(&path, &json!({"why": "?"})).with_token(mock::OPS_TOKEN).await;
    assert_eq!(odd.status, 400);
}

#[tokio::test]
async fn rum_110_nothing_is_deleted_without_a_reason() {
    let pages = pages(10).await;
    let sessions = pages.json("sessions").await;
    let id = sessions["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/.greenroom/v1/rum/sessions/{id}/delete");
    for body in [json!({}), json!({"reason": " "})] {
        let refused = pages.backend.post_json(&path, &body).with_token(mock::OPS_TOKEN).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
        assert!(refused.text().contains("Say why"), "{}", refused.text());
    }
    // The button of the page names where it is, and sends nothing else.
    let page = pages.page(&format!("/.greenroom/browser/sessions/{id}")).await;
    let mut buttons = page.split("data-post=\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    let button = buttons.find(|path| path.contains("/delete?")).unwrap();
    let gone = pages.backend.post_json(button, &json!({})).with_token(mock::OPS_TOKEN).await;
    assert_eq!(gone.status, 200, "{button}: {}", gone.text());
    let line = pages.backend.await_log(|line| line["action"] == "rum.session.delete").await;
    assert_eq!(line["reason"], "deleted on its page");
}
