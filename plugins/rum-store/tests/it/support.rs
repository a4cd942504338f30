//! Stores of the tests' own.

use greenroom::{
    config::RootConfig,
    database::{Client, DatabaseSettings, Driver},
    logging::{CaptureSink, Logger, RootLogger},
};
use greenroom_database_sqlite::SqliteDriver;
use greenroom_plugin_rum_store::Store;

/// An empty one in memory.
pub(crate) async fn store() -> Store {
    let config = RootConfig::from_yaml("backend: {database: {client: better-sqlite3, connection: ':memory:'}}").unwrap();
    let database = DatabaseSettings::from_config(&config).unwrap().for_plugin("rum").unwrap();
    let logger = RootLogger::builder().sink(CaptureSink::new()).build();
    let open = SqliteDriver.open(database.clone()).await.unwrap();
    Store::open(&Client::new(open, database, Logger::clone(&logger))).await.unwrap()
}
