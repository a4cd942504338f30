//! What is asked of a database by its client, in paused time.

use std::{future::pending, io, sync::atomic::Ordering::SeqCst, time::Duration};

use greenroom_database::DatabaseError;
use greenroom_errors::Error;
use tokio::time::{Instant, sleep};

use crate::made_up::{MadeUp, Served};

#[tokio::test(start_paused = true)]
async fn what_is_asked_ends_within_the_limit_of_the_connection_or_that_of_the_caller() {
    let never = || pending::<Result<(), io::Error>>();
    for (connection, limit) in
        [("{host: db}", 30), ("{host: db, query_timeout: 2000}", 2), ("{query_timeout: 0}", 30)]
    {
        let Served { running, client, .. } = MadeUp::default().start_served(connection, "").await;
        let began = Instant::now();
        let error = client.run(never()).await.unwrap_err();
        assert_eq!((began.elapsed().as_secs(), error.status()), (limit, 503), "{connection}");
        let text = error.to_string();
        assert!(text.contains(&format!("did not answer in time: nothing was heard for {limit} s")), "{text}");
        assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::TimedOut { .. })), "{text}");
        let began = Instant::now();
        client.run_within(Duration::from_secs(7), never()).await.unwrap_err();
        assert_eq!(began.elapsed().as_secs(), 7);
        running.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_yields_its_value_or_the_meaning_of_its_error() {
    let Served { running, client, .. } = MadeUp::default().start_served("{host: db}", "").await;
    assert_eq!(client.run(async { Ok::<_, io::Error>(7) }).await.unwrap(), 7);
    let error = client.run(async { Err::<(), _>(io::Error::other("no such table")) }).await.unwrap_err();
    assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::Statement { .. })), "{error}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_explained_already_stays_as_it_is() {
    let Served { running, client, .. } = MadeUp::default().start_served("{host: db}", "").await;
    let away = client.run(pending::<Result<(), io::Error>>()).await.unwrap_err();
    let again = client.explain(away.clone()).await;
    assert_eq!((again.status(), again.to_string()), (503, away.to_string()));
    let conflict = client.explain(Error::conflict("This note is there already")).await;
    assert_eq!((conflict.name(), conflict.status()), ("ConflictError", 409));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn database_21_who_asks_what_was_away_is_told_so_within_two_seconds() {
    let driver = MadeUp::default();
    let Served { running, client, .. } = driver.start_served("{host: db}", "").await;
    let never = || pending::<Result<(), io::Error>>();
    driver.is_away.store(true, SeqCst);
    client.ping().await.unwrap_err();
    // The check asks, too, at once.
    sleep(Duration::from_millis(10)).await;
    let (began, pings) = (Instant::now(), driver.pings.load(SeqCst));
    let (one, other, third) = tokio::join!(client.run(never()), client.run(never()), client.run(never()));
    for error in [one, other, third].map(Result::unwrap_err) {
        assert!(error.status() == 503 && error.to_string().contains("nobody there"), "{error}");
    }
    assert_eq!((began.elapsed().as_secs(), driver.pings.load(SeqCst) - pings), (0, 1), "one tries for all");

    driver.is_stalled.store(true, SeqCst);
    let error = client.run(never()).await.unwrap_err();
    assert_eq!(began.elapsed().as_secs(), 2);
    assert!(error.to_string().contains("nobody there"), "the cause that is known: {error}");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn database_21_what_was_away_is_used_again_once_a_try_finds_it() {
    let driver = MadeUp::default();
    let Served { running, client, .. } = driver.start_served("{host: db}", "").await;
    driver.is_away.store(true, SeqCst);
    client.ping().await.unwrap_err();
    driver.is_away.store(false, SeqCst);
    assert_eq!(client.run(async { Ok::<_, io::Error>(7) }).await.unwrap(), 7);
    let began = Instant::now();
    let slow = async {
        sleep(Duration::from_secs(29)).await;
        Ok::<_, io::Error>(8)
    };
    assert_eq!(client.run(slow).await.unwrap(), 8, "it is only slow");
    assert_eq!(began.elapsed().as_secs(), 29);
    running.stop().await;
}
