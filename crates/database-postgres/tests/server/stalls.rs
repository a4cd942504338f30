//! A server that stands still, goes away and comes back, while it is used.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use greenroom_context::spawn;
use greenroom_database::{Client, DatabaseError};
use greenroom_database_postgres::{PgPool, PostgresDriver, sqlx};

use crate::{
    cluster::{Cluster, cluster},
    config, open, open_by,
};

/// Beyond the limits of this config (1 s for a login, an answer, a free connection), for a machine that does other things, too.
const BOUND: Duration = Duration::from_secs(12);

fn hurried(cluster: &Cluster) -> String {
    let more = "knexConfig: {pool: {max: 3, acquireTimeoutMillis: 1000}}";
    config(cluster, more).replace("secret}", "secret, connectionTimeoutMillis: 1000, query_timeout: 1000}")
}

async fn ask(client: &Client) -> Result<(), greenroom_errors::Error> {
    let pool: PgPool = client.pool().unwrap();
    client.run(sqlx::query("select 1").execute(&pool)).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_stands_still_holds_up_nobody_beyond_the_limits_and_is_used_again() {
    let own = Cluster::start();
    let yaml = hurried(&own);
    let client = open(&yaml, "stalled").await.unwrap();
    ask(&client).await.unwrap();
    own.pause();
    let began = Instant::now();
    for _ in 0..4 {
        let error = ask(&client).await.unwrap_err();
        let heard = DatabaseError::of(&error);
        let is_told =
            matches!(heard, Some(DatabaseError::TimedOut { .. } | DatabaseError::Unreachable { .. }));
        assert!(is_told && error.status() == 503, "{error}");
    }
    assert_eq!(client.ping().await.unwrap_err().status(), 503);
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());

    let error = open(&yaml, "other").await.unwrap_err();
    assert!(matches!(error, DatabaseError::NotEnsured { is_away: true, .. }), "{error}");
    assert!(error.to_string().contains("no answer within 1 s"), "{error}");
    own.resume();
    until_well(&client).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_server_that_stands_still_holds_up_no_plugin_of_another() {
    let own = Cluster::start();
    let (driver, patient) =
        (PostgresDriver::default(), hurried(&own).replace("Millis: 1000, q", "Millis: 600000, q"));
    let free = config(cluster(), "");
    own.pause();
    tokio::select! {
        ended = open_by(&driver, &patient, "held") => panic!("nobody answers there: {ended:?}"),
        opened = open_by(&driver, &free, "free") => drop(opened.unwrap()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn connections_that_could_not_be_made_are_not_told_as_in_use() {
    let own = Cluster::start();
    let client = open(&hurried(&own), "unmade").await.unwrap();
    let pool: PgPool = client.pool().unwrap();
    own.pause();
    let in_vain = pool.acquire().await.unwrap_err();
    own.resume();
    let error = client.explain(in_vain).await;
    assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::TimedOut { .. })), "{error}");
    assert!(error.to_string().contains("no connection was free or could be made within 1 s"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn database_22_a_server_that_refuses_connections_is_told_long_before_a_free_one_is_given_up() {
    let own = Cluster::start();
    let yaml = config(&own, "knexConfig: {pool: {acquireTimeoutMillis: 60000}}");
    let client = open(&yaml, "left").await.unwrap();
    ask(&client).await.unwrap();
    own.stop();
    let began = Instant::now();
    for _ in 0..3 {
        let error = ask(&client).await.unwrap_err();
        assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::Unreachable { .. })), "{error}");
        assert!(error.to_string().contains("Connection refused"), "{error}");
    }
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    own.start_again();
    until_well(&client).await;
}

async fn until_well(client: &Client) {
    let began = Instant::now();
    while let Err(error) = ask(client).await {
        assert!(began.elapsed() < Duration::from_secs(60), "not found again: {error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn under_load_each_call_ends_in_an_answer_or_a_503_whatever_becomes_of_the_server() {
    let own = Cluster::start();
    let client = open(&hurried(&own), "loaded").await.unwrap();
    let (ends, answers, failures) =
        (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let users: Vec<_> = (0..12)
        .map(|_| {
            let (client, ends) = (client.clone(), ends.clone());
            let (answers, failures) = (answers.clone(), failures.clone());
            spawn("user", async move {
                while !ends.load(SeqCst) {
                    let began = Instant::now();
                    match ask(&client).await {
                        Ok(()) => answers.fetch_add(1, SeqCst),
                        Err(error) => {
                            assert_eq!(error.status(), 503, "{error}");
                            failures.fetch_add(1, SeqCst)
                        }
                    };
                    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    let more_of = async |count: &AtomicUsize| {
        let (before, began) = (count.load(SeqCst), Instant::now());
        while count.load(SeqCst) < before + 30 {
            assert!(began.elapsed() < Duration::from_secs(60), "nobody ends");
            tokio::task::yield_now().await;
        }
    };
    for _ in 0..2 {
        more_of(&answers).await;
        own.stop();
        more_of(&failures).await;
        own.start_again();
        more_of(&answers).await;
        own.pause();
        more_of(&failures).await;
        own.resume();
        more_of(&answers).await;
    }
    ends.store(true, SeqCst);
    for user in users {
        assert!(user.await.is_ok_and(|done| done.is_some()), "a user has failed");
    }
}
