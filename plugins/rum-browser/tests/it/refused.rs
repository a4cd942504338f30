//! Who gets nothing.

use crate::support::pages;

const PAGES: [&str; 6] = ["", "/sessions", "/sessions/x", "/errors", "/errors/x", "/resources"];
const LISTS: [&str; 7] =
    ["/summary", "/views", "/sessions", "/sessions/x", "/errors", "/errors/x", "/resources"];

/// Each of them asked by somebody whom the surface does not know. Who is wrong too often would be told to wait.
async fn refused(base: &str, paths: &[&str]) {
    let pages = pages(1).await;
    for path in paths {
        let response = pages.backend.get(&format!("{base}{path}")).without_credentials().await;
        assert_eq!(response.status, 401, "{base}{path}: {}", response.text());
        assert!(!response.text().contains("catalog"), "{base}{path}");
    }
}

#[tokio::test]
async fn rum_100_without_a_credential_nothing_is_told() {
    refused("/.greenroom/browser", &PAGES).await;
    refused("/.greenroom/v1/rum", &LISTS).await;
}
