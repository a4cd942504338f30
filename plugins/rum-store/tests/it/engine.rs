//! A database of a test's own.

use std::path::Path;

use greenroom::{
    config::RootConfig,
    database::{Client, DatabaseSettings, Driver},
    logging::{CaptureSink, RootLogger},
};
use greenroom_database_sqlite::SqliteDriver;
use tempfile::TempDir;

/// Gone with the test.
pub(crate) struct Engine {
    pub(crate) client: Client,
    _dir: Option<TempDir>,
}

impl Engine {
    pub(crate) async fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let engine = Self::at(dir.path()).await;
        Self { _dir: Some(dir), ..engine }
    }

    /// In a directory that others use, too.
    pub(crate) async fn at(directory: &Path) -> Self {
        let directory = directory.display();
        let yaml = format!(
            "backend: {{database: {{client: better-sqlite3, connection: {{directory: {directory}}}}}}}"
        );
        let settings = DatabaseSettings::from_config(&RootConfig::from_yaml(&yaml).unwrap()).unwrap();
        let database = settings.for_plugin("rum").unwrap();
        let logger = RootLogger::builder().sink(CaptureSink::new()).build();
        let open = SqliteDriver.open(database.clone()).await.unwrap();
        Self { client: Client::new(open, database, logger.plugin("rum")), _dir: None }
    }
}
