//! Which connections there are.

use std::{fs, os::unix::fs::PermissionsExt};

use greenroom_database_sqlite::{
    Readers, SqlitePool,
    sqlx::{self, Row},
};

use crate::{in_files, open};

#[tokio::test]
async fn what_is_in_memory_is_one_database_whatever_the_size_of_the_pool() {
    let yaml =
        "backend: {database: {client: better-sqlite3, connection: ':memory:', knexConfig: {pool: {max: 8}}}}";
    let client = open(yaml).await.unwrap();
    let (pool, Readers(readers)): (SqlitePool, Readers) = (client.pool().unwrap(), client.pool().unwrap());
    sqlx::query("create table notes (id integer primary key)").execute(&pool).await.unwrap();
    let insert = async || sqlx::query("insert into notes default values").execute(&pool).await.unwrap();
    tokio::join!(insert(), insert(), insert(), insert());
    let count = async || {
        sqlx::query_scalar::<_, i64>("select count(*) from notes").fetch_one(&readers).await.unwrap()
    };
    assert_eq!(count().await, 4);
    // It outlives each connection of the pool.
    pool.acquire().await.unwrap().close().await.unwrap();
    assert_eq!(count().await, 4);
    let other = open(yaml).await.unwrap().pool::<SqlitePool>().unwrap();
    assert!(sqlx::query("select * from notes").fetch_all(&other).await.is_err(), "no other plugin sees it");
}

#[tokio::test]
async fn database_17_foreign_keys_are_held_in_files_and_in_memory() {
    let directory = tempfile::tempdir().unwrap();
    for yaml in ["app: {}".to_owned(), in_files(directory.path())] {
        let client = open(&yaml).await.unwrap();
        let pool: SqlitePool = client.pool().unwrap();
        let held = "create table a (id integer primary key); create table b (a integer references a)";
        sqlx::raw_sql(held).execute(&pool).await.unwrap();
        let error = sqlx::query("insert into b values (7)").execute(&pool).await.unwrap_err();
        assert!(error.to_string().contains("FOREIGN KEY"), "{error}");
    }
}

#[tokio::test]
async fn database_5_a_file_is_made_with_its_directory_and_written_ahead() {
    let directory = tempfile::tempdir().unwrap();
    let below = directory.path().join("a/b");
    let client = open(&in_files(&below)).await.unwrap();
    let pool: SqlitePool = client.pool().unwrap();
    let mode = sqlx::query("pragma journal_mode").fetch_one(&pool).await.unwrap();
    assert_eq!(mode.get::<String, _>(0), "wal");
    sqlx::query("create table notes (id integer primary key)").execute(&pool).await.unwrap();
    for name in ["notes.sqlite", "notes.sqlite-wal", "notes.sqlite-shm"] {
        let mode = fs::metadata(below.join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name} is its owner's alone");
    }
}

#[tokio::test]
async fn one_connection_writes_and_holds_up_none_that_reads() {
    let directory = tempfile::tempdir().unwrap();
    let client = open(&in_files(directory.path())).await.unwrap();
    let (pool, Readers(readers)): (SqlitePool, Readers) = (client.pool().unwrap(), client.pool().unwrap());
    sqlx::query("create table notes (id integer primary key)").execute(&pool).await.unwrap();
    let mut writing = pool.begin().await.unwrap();
    sqlx::query("insert into notes default values").execute(&mut *writing).await.unwrap();
    let count = async || {
        sqlx::query_scalar::<_, i64>("select count(*) from notes").fetch_one(&readers).await.unwrap()
    };
    assert_eq!(count().await, 0);
    writing.commit().await.unwrap();
    assert_eq!(count().await, 1);
    let error = sqlx::query("delete from notes").execute(&readers).await.unwrap_err();
    assert!(error.to_string().contains("readonly"), "{error}");
}
