//! What is asked of a database by its client, in paused time.

use std::{future::pending, io, time::Duration};

use greenroom_database::DatabaseError;
use greenroom_errors::Error;
use tokio::time::Instant;

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
