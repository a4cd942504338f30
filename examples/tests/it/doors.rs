//! The plugin with a page for operators.

// region: test
use greenroom_examples::doors::doors;
use greenroom_test::{TestBackend, mock::OPS_TOKEN};

#[tokio::test]
async fn operators_alone_see_how_many_came() {
    let backend = TestBackend::new().add(doors()).start().await.expect("it starts");
    for door in ["front", "front", "garden"] {
        assert_eq!(backend.post(&format!("/api/doors/{door}")).await.status, 204);
    }

    let page = backend.get("/.greenroom/doors").with_token(OPS_TOKEN).await;

    assert!(page.text().contains("3\u{a0}people came in."), "{}", page.text());
    assert_eq!(backend.get("/.greenroom/doors").await.status, 401);
}
// endregion
