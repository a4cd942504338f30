//! Following.

use std::pin::pin;

use futures_util::{FutureExt, StreamExt};
use greenroom_context::spawn;
use greenroom_log_store::{LineQuery, unseen};
use greenroom_logging::Level;

use crate::kit::{Kit, messages};

#[tokio::test]
async fn log_36_who_follows_gets_each_new_line_that_is_wanted() {
    let kit = Kit::new();
    kit.root.error("before");
    let mut follower = kit.store.follow(LineQuery { min_level: Some(Level::Error), ..LineQuery::default() });
    assert!(follower.next().now_or_never().is_none());
    let root = kit.root.clone();
    let waiting = spawn("follow", async move { (follower.next().await, follower) });
    tokio::task::yield_now().await;
    root.info("not wanted");
    root.error("the first");
    let (first, mut follower) = waiting.await.unwrap().unwrap();
    assert_eq!((messages(&first.lines), first.dropped), (vec!["the first"], 0));
    (2..=5).for_each(|number| root.error(number));
    assert_eq!(messages(&follower.next().await.lines), ["2", "3", "4", "5"]);
    assert!(follower.next().now_or_never().is_none());
}

#[tokio::test]
async fn log_36_who_reads_too_slowly_is_told_how_many_lines_were_missed() {
    let kit = Kit::new();
    let mut follower = kit.store.follow(LineQuery { limit: 1_000, ..LineQuery::default() });
    let text = "x".repeat(1_000);
    (0..3_000).for_each(|_| kit.root.info(&text));
    let (mut lines, mut dropped) = (0, 0);
    while let Some(some) = follower.next().now_or_never() {
        (lines, dropped) = (lines + some.lines.len() as u64, dropped + some.dropped);
    }
    assert!(dropped > 1_000, "{dropped}");
    assert_eq!(lines + dropped, 3_000);
}

#[tokio::test]
async fn who_comes_again_goes_on_where_it_was() {
    let kit = Kit::new();
    kit.root.info("1");
    let mut follower = kit.store.follow(LineQuery { after: Some(0), ..LineQuery::default() });
    let first = follower.next().await;
    // What was before the start counts for nothing.
    assert_eq!((messages(&first.lines), first.dropped), (vec!["1"], 0));
    drop(follower);
    kit.root.info("2");
    let mut again = kit.store.follow(LineQuery { after: Some(first.after), ..LineQuery::default() });
    assert_eq!(messages(&again.next().await.lines), ["2"]);
}

#[tokio::test]
async fn log_36_what_reading_logs_does_not_feed_back() {
    let kit = Kit::new();
    let mut lines = pin!(kit.store.follow(LineQuery::default()).into_stream());
    kit.root.info("one");
    let root = kit.root.clone();
    unseen(async {
        assert_eq!(lines.next().await.unwrap().lines.len(), 1);
        root.info("Sent one line");
        assert!(lines.next().now_or_never().is_none());
    })
    .await;
    assert_eq!((kit.written.lines().len(), messages(&kit.all())), (2, vec!["one"]));
}
