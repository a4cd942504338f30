//! The plugin with a database.

// region: test
use greenroom_examples::notes::notes;
use greenroom_test::{RunningTestBackend, TestBackend};
use serde_json::json;

async fn with(config: &str) -> RunningTestBackend {
    TestBackend::new().config(config).add(notes()).start().await.expect("it starts")
}

#[tokio::test]
async fn notes_are_kept_in_a_file_beyond_the_end() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().display();
    let config =
        format!("backend: {{database: {{client: better-sqlite3, connection: {{directory: '{path}'}}}}}}\n");
    let backend = with(&config).await;

    for body in ["water the plants", "feed the cat"] {
        assert_eq!(backend.post_json("/api/notes", &json!({"body": body})).await.status, 200);
    }
    backend.stop().await;

    let backend = with(&config).await;
    let (cat, plants) =
        (json!({"id": 2, "body": "feed the cat"}), json!({"id": 1, "body": "water the plants"}));
    assert_eq!(backend.get("/api/notes").await.json(), json!([cat, plants]));
    assert_eq!(backend.get("/api/notes?before=2").await.json(), json!([plants]));
}
// endregion

#[tokio::test]
async fn a_note_without_a_body_is_refused_and_many_are_listed_by_fifties() {
    let backend = TestBackend::new().add(notes()).add(greenroom_test::mock::database());
    let backend = backend.start().await.expect("it starts");
    assert_eq!(backend.post_json("/api/notes", &json!({"body": " "})).await.status, 400);
    for number in 0..51 {
        backend.post_json("/api/notes", &json!({"body": number.to_string()})).await;
    }
    let first = backend.get("/api/notes").await.json();
    assert_eq!((first.as_array().map(Vec::len), &first[49]["id"]), (Some(50), &json!(2)));
}
