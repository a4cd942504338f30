//! What is kept of views that are told in parts, and how much.

use greenroom_plugin_rum_store::view_of;
use serde_json::{Value, json};

use super::{
    kept::{only, view},
    support::{TestStore, sent},
};

#[tokio::test]
async fn rum_85_updates_of_one_view_that_are_kept_together_are_all_told() {
    let store = TestStore::open().await;
    let update = |version: i64, name: &str| {
        let mut update = view(version, json!({}));
        update["type"] = json!("view_update");
        update["display"] = json!({(name): version});
        update
    };
    let batches = [
        sent(&[view(1, json!({})), update(2, "a")]),
        sent(&[update(3, "b"), update(4, "c")]),
        sent(&[update(6, "e"), update(5, "d")]),
    ];
    let kept = batches.iter().map(|sent| store.store.keep(sent.batch()));
    assert!(futures_util::future::join_all(kept).await.iter().all(Result::is_ok));
    let (document, updates): (Vec<u8>, i64) = only(&store, "select document, updates from rum_view").await;
    assert_eq!(updates, 5);
    assert_eq!(view_of(&document).unwrap()["display"], json!({"a": 2, "b": 3, "c": 4, "d": 5, "e": 6}));
}

#[tokio::test]
async fn rum_85_of_a_view_that_is_too_large_the_beginning_is_kept_and_marked() {
    let store = TestStore::open().await;
    let many = Value::Object((0..20_000).map(|number| (format!("m{number}"), json!(1))).collect());
    let mut large = view(1, json!({"loading_time": 5}));
    large["context"] = many.clone();
    store.keep(&sent(&[large])).await;
    let document = async || {
        let (document,): (Vec<u8>,) = only(&store, "select document from rum_view").await;
        view_of(&document).unwrap()
    };
    let kept = document().await;
    assert_eq!((kept["context"].as_object().unwrap().len(), &kept["is_cut"]), (500, &json!(true)));
    assert_eq!(kept["view"]["loading_time"], 5);
    for version in 2..5 {
        let mut update = view(version, json!({}));
        (update["type"], update["display"]) = (json!("view_update"), many.clone());
        store.keep(&sent(&[update])).await;
    }
    let kept = document().await;
    assert_eq!((kept["display"].as_object().unwrap().len(), &kept["is_cut"]), (500, &json!(true)));
}

#[tokio::test]
async fn rum_91_a_batch_tells_of_32_views_and_what_is_of_others_is_counted() {
    let store = TestStore::open().await;
    let views: Vec<_> = (0..40)
        .flat_map(|number| {
            let of = |version| {
                let mut view = view(version, json!({}));
                view["view"]["id"] = json!(format!("{number:08}-4f50-4a6b-8c7d-8e9fa0b1c2d3"));
                view
            };
            [of(1), of(2)]
        })
        .collect();
    let sent = sent(&views);
    assert_eq!(sent.batch().unreadable(), 16);
    assert_eq!(store.keep(&sent).await.new, 32);
}
