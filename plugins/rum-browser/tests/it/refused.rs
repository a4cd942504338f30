//! Who gets nothing.

use crate::support::pages;

#[tokio::test]
async fn rum_100_without_a_credential_nothing_is_told() {
    let pages = pages(1).await;
    for path in [
        "/.greenroom/browser",
        "/.greenroom/browser/sessions",
        "/.greenroom/browser/sessions/x",
        "/.greenroom/browser/errors",
        "/.greenroom/browser/errors/x",
        "/.greenroom/browser/resources",
        "/.greenroom/v1/rum/summary",
        "/.greenroom/v1/rum/views",
        "/.greenroom/v1/rum/sessions",
        "/.greenroom/v1/rum/sessions/x",
        "/.greenroom/v1/rum/errors",
        "/.greenroom/v1/rum/errors/x",
        "/.greenroom/v1/rum/resources",
    ] {
        let response = pages.backend.get(path).without_credentials().await;
        assert_eq!(response.status, 401, "{path}: {}", response.text());
        assert!(!response.text().contains("catalog"), "{path}");
    }
}
