//! Files and memory. Tests named `database_<n>_…` hold the rules of `docs/contract/database.md`.

mod faults;
mod measured;
mod migrations;
mod pools;
mod processes;
mod room;

use std::path::Path;

use greenroom_config::RootConfig;
use greenroom_database::{Client, DatabaseError, DatabaseSettings, Driver};
use greenroom_database_sqlite::SqliteDriver;
use greenroom_logging::{CaptureSink, Logger, RootLogger};

fn settings(yaml: &str) -> DatabaseSettings {
    DatabaseSettings::from_config(&RootConfig::from_yaml(yaml).unwrap()).unwrap()
}

/// What the plugin `notes` gets by this config.
async fn open(yaml: &str) -> Result<Client, DatabaseError> {
    let database = settings(yaml).for_plugin("notes").unwrap();
    let logger = RootLogger::builder().sink(CaptureSink::new()).build();
    Ok(Client::new(SqliteDriver.open(database.clone()).await?, database, Logger::clone(&logger)))
}

/// Files in this directory.
fn in_files(directory: &Path) -> String {
    let directory = directory.display();
    format!(
        "backend: {{database: {{client: better-sqlite3, connection: {{directory: '{directory}'}}, \
         knexConfig: {{pool: {{max: 2}}}}}}}}"
    )
}
