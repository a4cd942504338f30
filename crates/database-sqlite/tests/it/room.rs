//! How much room a file takes, and what is told where there is none.

use std::fs;

use greenroom_database::{DatabaseError, Migration, Migrations};
use greenroom_database_sqlite::{
    SqlitePool, shrink,
    sqlx::{self, ConnectOptions, sqlite::SqliteConnectOptions},
};

use crate::{in_files, open};

const FILL: &str = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
    insert into notes select printf('%0900d', i) from n";

#[tokio::test]
async fn a_file_shrinks_by_as_many_pages_as_are_asked_for_and_what_was_made_elsewhere_stays() {
    let directory = tempfile::tempdir().unwrap();
    let client = open(&in_files(directory.path())).await.unwrap();
    let pool: SqlitePool = client.pool().unwrap();
    sqlx::raw_sql("create table notes (body text)").execute(&pool).await.unwrap();
    sqlx::query(FILL).execute(&pool).await.unwrap();
    assert_eq!(shrink(&pool, 1000).await.unwrap(), 0, "nothing is left over");
    sqlx::query("delete from notes").execute(&pool).await.unwrap();
    assert_eq!(shrink(&pool, 100).await.unwrap(), 100);
    let mut pages = 100;
    loop {
        match shrink(&pool, 200).await.unwrap() {
            0 => break,
            some => pages += some,
        }
    }
    assert!(pages > 400, "{pages} pages");
    sqlx::query("pragma wal_checkpoint(truncate)").execute(&pool).await.unwrap();
    assert!(fs::metadata(directory.path().join("notes.sqlite")).unwrap().len() < 100_000);

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("notes.sqlite");
    let mut elsewhere =
        SqliteConnectOptions::new().filename(file).create_if_missing(true).connect().await.unwrap();
    sqlx::query("create table notes (body text)").execute(&mut elsewhere).await.unwrap();
    let client = open(&in_files(directory.path())).await.unwrap();
    let pool: SqlitePool = client.pool().unwrap();
    sqlx::query(FILL).execute(&pool).await.unwrap();
    sqlx::query("delete from notes").execute(&pool).await.unwrap();
    assert_eq!(shrink(&pool, 1000).await.unwrap(), 0);
}

#[tokio::test]
async fn a_full_disk_is_told_as_that_and_is_no_fault_of_a_migration() {
    let client = open("app: {}").await.unwrap();
    let pool: SqlitePool = client.pool().unwrap();
    sqlx::raw_sql("create table notes (body text); pragma max_page_count = 20").execute(&pool).await.unwrap();
    let error = client.run(sqlx::query(FILL).execute(&pool)).await.unwrap_err();
    assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::Full { .. })), "{error}");
    assert_eq!(error.status(), 503);
    assert!(error.to_string().contains("has no space left: database or disk is full"), "{error}");
    const LARGE: &[Migration] = &[Migration::new(
        "0001",
        "create table large (body text); pragma max_page_count = 20; insert into large values (zeroblob(1000000))",
    )];
    let error = client.migrate(&Migrations::new(LARGE)).await.unwrap_err();
    assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::Full { .. })), "{error}");
}
