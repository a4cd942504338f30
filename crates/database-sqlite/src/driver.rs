//! Opens a plugin's file, or its memory.

use std::sync::Arc;

use greenroom_database::{BoxFuture, DatabaseError, Driver, Engine, OpenDatabase, PluginDatabase, Target};

use crate::open::Open;

/// The driver of the clients `better-sqlite3` and `sqlite3`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SqliteDriver;

impl Driver for SqliteDriver {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn open(&self, database: PluginDatabase) -> BoxFuture<'_, Result<Arc<dyn OpenDatabase>, DatabaseError>> {
        Box::pin(async move {
            let Target::Sqlite(sqlite) = database.target.clone() else {
                return Err(database.refused("it is no SQLite database"));
            };
            Ok(Arc::new(Open::new(database, sqlite).await?) as Arc<dyn OpenDatabase>)
        })
    }
}
