//! The tables of a plugin, step by step.

use greenroom_database::{Migration, Migrations};
use greenroom_database_sqlite::{SqlitePool, sqlx};

use crate::{in_files, open};

const ALL: &[Migration] = &[
    Migration::new("0001", "create table notes (id integer primary key); insert into notes default values"),
    Migration::new("0002", "insert into notes default values"),
    Migration::new("0003", "alter table notes add column author text; insert into notes default values"),
];

async fn count(pool: &SqlitePool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_start_at_once_apply_each_migration_once() {
    let directory = tempfile::tempdir().unwrap();
    let replica = async || {
        let client = open(&in_files(directory.path())).await.unwrap();
        client.migrate(&Migrations::new(ALL)).await.unwrap();
        client
    };
    let (first, ..) = tokio::join!(replica(), replica(), replica());
    let pool: SqlitePool = first.pool().unwrap();
    assert_eq!(count(&pool, "select count(*) from notes").await, 3);
    assert_eq!(count(&pool, "select count(*) from greenroom_migrations where plugin = 'notes'").await, 3);
}

#[tokio::test]
async fn a_migration_that_was_changed_or_taken_out_since_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let client = open(&in_files(directory.path())).await.unwrap();
    client.migrate(&Migrations::new(ALL)).await.unwrap();
    const CHANGED: &[Migration] = &[Migration::new("0001", "select 2"), ALL[1], ALL[2]];
    let error = client.migrate(&Migrations::new(CHANGED)).await.unwrap_err().to_string();
    assert!(error.starts_with("Migration '0001' was changed after it had been applied"), "{error}");
    assert!(error.contains("plugin 'notes' by `backend.database.connection`"), "{error}");
    const FEWER: &[Migration] = &[ALL[0], ALL[1]];
    let error = client.migrate(&Migrations::new(FEWER)).await.unwrap_err().to_string();
    assert!(
        error.starts_with("Migration '0003' is applied, and this version of the plugin does not have it"),
        "{error}"
    );
}

#[tokio::test]
async fn one_that_fails_leaves_nothing_and_those_before_it_stay() {
    let client = open("app: {}").await.unwrap();
    const BAD: &[Migration] =
        &[ALL[0], Migration::new("0002", "create table more (id); select * from nowhere")];
    let error = client.migrate(&Migrations::new(BAD)).await.unwrap_err().to_string();
    assert!(error.starts_with("Migration '0002' cannot be applied: no such table: nowhere"), "{error}");
    let pool: SqlitePool = client.pool().unwrap();
    let tables = "select count(*) from sqlite_master where name in ('notes', 'more')";
    assert_eq!(count(&pool, tables).await, 1);
    client.migrate(&Migrations::new(ALL)).await.unwrap();
    assert_eq!(count(&pool, "select count(*) from notes").await, 3);
}

#[tokio::test]
async fn a_table_may_be_rebuilt_without_losing_the_rows_that_point_to_it() {
    const REBUILT: &[Migration] = &[
        Migration::new(
            "0001",
            "create table a (id integer primary key);
             create table b (a integer references a on delete cascade);
             insert into a values (1); insert into b values (1)",
        ),
        Migration::new(
            "0002",
            "create table a2 (id integer primary key, name text);
             insert into a2 (id) select id from a; drop table a; alter table a2 rename to a",
        ),
    ];
    let client = open("app: {}").await.unwrap();
    client.migrate(&Migrations::new(REBUILT)).await.unwrap();
    let pool: SqlitePool = client.pool().unwrap();
    assert_eq!(count(&pool, "select count(*) from b").await, 1);
    const LOST: &[Migration] = &[REBUILT[0], REBUILT[1], Migration::new("0003", "delete from a")];
    let error = client.migrate(&Migrations::new(LOST)).await.unwrap_err().to_string();
    assert!(error.contains("rows of b point to rows of a that are not there"), "{error}");
    assert_eq!(count(&pool, "select count(*) from a").await, 1);
}
