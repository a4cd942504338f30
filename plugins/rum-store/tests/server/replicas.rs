//! Several replicas on one database, and a server that goes away and comes back.

use greenroom_database_sql::Pool;
use greenroom_plugin_rum_store::Store;

use crate::{
    cluster::Cluster,
    engine::Engine,
    rules::support::{NOW, made_up_session, visit},
};

async fn count(engine: &Engine, table: &'static str) -> i64 {
    let pool = Pool::of(&engine.client).unwrap();
    let sql = pool.sql("select count(*) from ").then(table);
    engine.client.run(pool.rows::<(i64,)>(sql)).await.unwrap()[0].0
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rum_90_replicas_that_start_and_keep_at_once_keep_each_event_once() {
    let (first, second) = Engine::two().await;
    let (first_store, second_store) = tokio::join!(Store::open(&first.client), Store::open(&second.client));
    let (first_store, second_store) = (first_store.unwrap(), second_store.unwrap());
    let visits = ["v7-string-proxy", "v7-view-updates", "v5-string-proxy"].map(visit).concat();
    let kept = async |store: &Store| {
        let mut new = 0;
        for sent in &visits {
            new += store.keep(sent.batch()).await.unwrap().new;
        }
        new
    };
    let (by_first, by_second) = tokio::join!(kept(&first_store), kept(&second_store));
    let events = count(&first, "rum_event").await;
    // 32, 30 and 28 events, and of each of the six views all versions, by whoever was the first to know of one.
    assert!(
        events > 80 && (by_first + by_second) as i64 >= events + 6,
        "{events}: {by_first} and {by_second}"
    );
    assert_eq!(count(&first, "rum_view").await, 6);
    assert_eq!(kept(&second_store).await, 0);
}

#[tokio::test]
async fn rum_95_a_server_that_was_away_lacks_nothing_that_was_acknowledged() {
    let cluster = Cluster::start();
    let engine = Engine::on(&cluster).await;
    let store = Store::open(&engine.client).await.unwrap();
    let mut acknowledged = 0;
    for session in 0..30 {
        let sent = made_up_session(session, NOW);
        if session == 10 {
            cluster.stop();
        }
        let kept = store.keep(sent.batch()).await;
        if (10..20).contains(&session) {
            assert_eq!(kept.unwrap_err().status(), 503);
        } else {
            acknowledged += kept.unwrap().new;
        }
        if session == 19 {
            cluster.start_again();
        }
    }
    let (events, views) = (count(&engine, "rum_event").await, count(&engine, "rum_view").await);
    assert_eq!((events + views) as u64, acknowledged);
    assert_eq!(acknowledged, 20 * 21);
}
