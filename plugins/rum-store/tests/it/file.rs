//! What becomes of the file.

use std::time::Duration;

use greenroom_plugin_rum_store::Limits;

use crate::rules::support::{NOW, TestStore, made_up_session};

#[tokio::test]
async fn rum_92_a_file_gets_smaller() {
    let store = TestStore::open().await;
    for session in 0..300 {
        store.keep(&made_up_session(session, NOW)).await;
    }
    let pages = async || store.rows::<(i64,)>("select page_count from pragma_page_count()").await[0].0;
    let before = pages().await;
    let week = Limits { age: Duration::from_secs(7 * 86_400), bytes: 1 << 40 };
    assert_eq!(store.store.sweep(week, NOW + 30 * 86_400_000).await.unwrap().sessions, 300);
    assert!(pages().await < before / 4, "{before} {}", pages().await);
}
