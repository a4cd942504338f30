//! What is told of what goes wrong.

use std::{any::TypeId, fs, time::Duration};

use greenroom_database::{DatabaseError, Driver};
use greenroom_database_sqlite::{
    Readers, SqliteDriver, SqlitePool,
    sqlx::{self, ConnectOptions, sqlite::SqliteConnectOptions},
};

use crate::{in_files, open, settings};

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_told_with_the_plugin_and_the_key() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let error = open(&in_files(&file.join("below"))).await.unwrap_err();
    assert!(matches!(error, DatabaseError::Unreachable { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("plugin 'notes' by `backend.database.connection`"), "{text}");
    assert!(text.contains("its directory cannot be made"), "{text}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("notes.sqlite"), "Dear diary, ".repeat(1000)).unwrap();
    let error = open(&in_files(directory.path())).await.unwrap_err();
    assert!(matches!(error, DatabaseError::Refused { .. }), "{error:?}");
    assert!(error.to_string().ends_with("lets nobody in: file is not a database"), "{error}");
}

#[tokio::test]
async fn database_20_a_file_that_is_gone_is_told_though_connections_to_it_are_open() {
    let directory = tempfile::tempdir().unwrap();
    let below = directory.path().join("data");
    let client = open(&in_files(&below)).await.unwrap();
    let Readers(readers) = client.pool().unwrap();
    let _open = readers.acquire().await.unwrap();
    client.ping().await.unwrap();
    fs::remove_dir_all(&below).unwrap();
    for _ in 0..2 {
        let error = client.ping().await.unwrap_err();
        assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::Unreachable { .. })), "{error}");
        assert!(error.to_string().ends_with("cannot be reached: unable to open database file"), "{error}");
    }
}

#[tokio::test]
async fn a_writer_of_another_process_is_told_from_connections_that_are_all_in_use() {
    let directory = tempfile::tempdir().unwrap();
    let hurried = in_files(directory.path()).replace("max: 2", "max: 2, acquireTimeoutMillis: 1000");
    let client = open(&hurried).await.unwrap();
    let (pool, Readers(readers)): (SqlitePool, Readers) = (client.pool().unwrap(), client.pool().unwrap());

    let writing = pool.begin_with("begin immediate").await.unwrap();
    let file = directory.path().join("notes.sqlite");
    let impatient = SqliteConnectOptions::new().filename(file).busy_timeout(Duration::ZERO);
    let mut elsewhere = impatient.connect().await.unwrap();
    let refused = sqlx::query("create table x (id)").execute(&mut elsewhere).await.unwrap_err();
    let locked = client.explain(refused).await;
    assert!(matches!(DatabaseError::of(&locked), Some(DatabaseError::Locked { .. })), "{locked}");

    let in_vain = client.explain(pool.acquire().await.unwrap_err()).await;
    assert_eq!((in_vain.name(), in_vain.status()), ("ServiceUnavailableError", 503));
    assert!(in_vain.to_string().contains("the plugin's own writer was in use for 1 s"), "{in_vain}");

    let _all = [readers.acquire().await.unwrap(), readers.acquire().await.unwrap()];
    let both = client.explain(pool.acquire().await.unwrap_err()).await;
    assert!(
        both.to_string().contains("the plugin's own writer and its 2 readers were in use for 1 s"),
        "{both}"
    );
    drop(writing);
    let exhausted = client.explain(readers.acquire().await.unwrap_err()).await;
    assert!(
        matches!(DatabaseError::of(&exhausted), Some(DatabaseError::Exhausted { connections: 2, .. })),
        "{exhausted}"
    );
    let key = "all connections are in use (2, by `backend.database.knexConfig.pool.max`)";
    assert!(exhausted.to_string().contains(key), "{exhausted}");
}

#[tokio::test]
async fn memory_has_one_connection_and_says_so() {
    let yaml = "backend: {database: {client: sqlite3, connection: ':memory:', knexConfig: {pool: {max: 1, acquireTimeoutMillis: 200}}}}";
    let client = open(yaml).await.unwrap();
    let pool: SqlitePool = client.pool().unwrap();
    let _held = pool.acquire().await.unwrap();
    let error = client.explain(pool.acquire().await.unwrap_err()).await;
    assert!(error.to_string().contains("the one connection to memory was in use for 0.2 s"), "{error}");
}

#[tokio::test]
async fn a_closed_database_says_so_and_has_moved_its_log_into_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let database = settings(&in_files(directory.path())).for_plugin("notes").unwrap();
    let opened = SqliteDriver.open(database).await.unwrap();
    let pool = opened.pool(TypeId::of::<SqlitePool>()).unwrap().downcast_ref::<SqlitePool>().unwrap();
    sqlx::query("create table notes (id)").execute(pool).await.unwrap();
    opened.close().await;
    assert!(!directory.path().join("notes.sqlite-wal").exists());
    let error = opened.explain(sqlx::query("select 1").execute(pool).await.unwrap_err().into()).await;
    assert!(matches!(error, DatabaseError::Closed { .. }), "{error}");
}

#[tokio::test]
async fn a_statement_that_cannot_be_done_keeps_its_words_for_the_log() {
    let client = open("app: {}").await.unwrap();
    let pool: SqlitePool = client.pool().unwrap();
    let error = sqlx::query("select * from nowhere").execute(&pool).await.unwrap_err();
    let error = client.explain(error).await;
    assert!(error.to_string().contains("no such table: nowhere"), "{error}");
    assert!(error.is_internal(), "no client of the portal sees it");
    assert!(client.ping().await.is_ok());
}
