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
}

#[tokio::test]
async fn the_page_of_a_session_asks_why_it_is_to_be_deleted() {
    let pages = pages(10).await;
    let sessions = pages.json("sessions").await;
    let id = sessions["items"][0]["id"].as_str().unwrap().replace('-', "%2D");
    let path = format!("/.greenroom/browser/sessions/{id}");
    let cancel = format!("<a href=\"{path}\">Cancel</a>");

    let page = pages.page(&path).await;
    assert!(page.contains(&format!("href=\"{path}?delete=yes\"")) && !page.contains("data-post"), "{page}");
    for asked in ["?delete=yes", "?delete=yes&reason=", "?delete=yes&reason=%20"] {
        let form = pages.page(&format!("{path}{asked}")).await;
        assert!(form.contains(r#"name="reason" required maxlength="500""#), "{asked}: {form}");
        assert!(form.contains(&cancel) && !form.contains("data-post"), "{asked}: {form}");
    }

    let page = pages.page(&format!("{path}?delete=yes&reason=asked+for+by+the+user")).await;
    assert!(page.contains("asked for by the user") && page.contains(&cancel), "{page}");
    let button = page.split("data-post=\"").nth(1).unwrap().split('"').next().unwrap();
    let gone = pages.backend.post_json(button, &json!({})).with_token(mock::OPS_TOKEN).await;
    assert_eq!(gone.status, 200, "{button}: {}", gone.text());
    let line = pages.backend.await_log(|line| line["action"] == "rum.session.delete").await;
    assert_eq!(line["reason"], "asked for by the user");
}
