//! The plugin with a database.

use greenroom_examples::notes::notes;
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::json;

async fn with(config: &str) -> RunningTestBackend {
    TestBackend::new().config(config).add(notes()).start().await.expect("it starts")
}

// region: test
#[tokio::test]
async fn a_note_is_kept_once_and_in_a_file_beyond_the_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().display();
    let config =
        format!("backend: {{database: {{client: better-sqlite3, connection: {{directory: '{path}'}}}}}}\n");
    let backend = with(&config).await;

    let note = json!({"body": "water the plants"});
    assert_eq!(backend.post_json("/api/notes", &note).await.status, 200);
    assert_eq!(backend.post_json("/api/notes", &note).await.status, 409);
    backend.stop().await;

    let backend = with(&config).await;
    assert_eq!(backend.get("/api/notes").await.json(), json!(["water the plants"]));
}
// endregion
