//! On SQLite, in memory; the store of browser events holds the same on PostgreSQL.

#![cfg(feature = "sqlite")]

use greenroom_config::RootConfig;
use greenroom_database::{Client, DatabaseSettings, Driver};
use greenroom_database_sql::{Bind, Engine, Insert, Pool, Table, row};
use greenroom_database_sqlite::SqliteDriver;
use greenroom_logging::{CaptureSink, RootLogger};

row! {
    #[derive(Debug, PartialEq)]
    struct Note { id: i64, body: Option<String> }
}

impl Insert for Note {
    const TABLE: Table =
        Table { name: "note", columns: &["id", "body"], on_conflict: "on conflict (id) do nothing" };

    fn binds(self) -> Vec<Bind> {
        vec![self.id.into(), self.body.into()]
    }
}

fn note(id: i64) -> Note {
    Note { id, body: (id % 2 == 0).then(|| format!("'{id}'")) }
}

async fn pool() -> Pool {
    let config = "backend: {database: {client: better-sqlite3, connection: ':memory:'}}";
    let settings = DatabaseSettings::from_config(&RootConfig::from_yaml(config).unwrap()).unwrap();
    let database = settings.for_plugin("notes").unwrap();
    let logger = RootLogger::builder().sink(CaptureSink::new()).build();
    let open = SqliteDriver.open(database.clone()).await.unwrap();
    let pool = Pool::of(&Client::new(open, database, logger.plugin("notes"))).unwrap();
    pool.script("create table note (id integer primary key, body text);".to_owned()).await.unwrap();
    pool
}

async fn ids(pool: &Pool) -> Vec<i64> {
    let rows = pool.rows::<(i64,)>(pool.sql("select id from note order by id")).await.unwrap();
    rows.into_iter().map(|(id,)| id).collect()
}

#[tokio::test]
async fn rows_are_inserted_many_at_once_and_it_is_told_how_many_were_new() {
    let pool = pool().await;
    assert_eq!(pool.engine(), Engine::Sqlite);
    let mut transaction = pool.begin().await.unwrap();
    assert_eq!(transaction.insert((0..50).map(note).collect()).await.unwrap(), 50);
    assert_eq!(transaction.insert((45..55).map(note).collect()).await.unwrap(), 5);
    transaction.commit().await.unwrap();
    let sql = pool.sql("select id, body from note where id in ").list([7, 8, 99]).then(" order by id");
    assert_eq!(pool.rows::<Note>(sql).await.unwrap(), [note(7), note(8)]);
}

#[tokio::test]
async fn what_is_not_committed_is_gone() {
    let pool = pool().await;
    let mut transaction = pool.begin().await.unwrap();
    transaction.insert(vec![note(1)]).await.unwrap();
    drop(transaction);
    let mut transaction = pool.begin().await.unwrap();
    transaction.insert(vec![note(2)]).await.unwrap();
    transaction.rollback().await.unwrap();
    assert_eq!(ids(&pool).await, [0_i64; 0]);
}

#[tokio::test]
async fn a_statement_says_how_many_rows_it_has_changed() {
    let pool = pool().await;
    let mut transaction = pool.begin().await.unwrap();
    transaction.insert((0..4).map(note).collect()).await.unwrap();
    let sql = transaction.sql("delete from note where id >= ").bind(1);
    assert_eq!(transaction.execute(sql).await.unwrap(), 3);
    transaction.commit().await.unwrap();
    assert_eq!(ids(&pool).await, [0]);
}
