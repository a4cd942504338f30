//! Opens a plugin's database of a server.

use std::{collections::HashSet, sync::Arc};

use greenroom_database::{BoxFuture, DatabaseError, Driver, Engine, OpenDatabase, PluginDatabase, Target};
use tokio::sync::Mutex;

use crate::{ensure::ensure, open::Open};

/// The driver of the client `pg`.
#[derive(Debug, Default)]
pub struct PostgresDriver {
    /// What is known to be there. Who holds it makes databases and schemas, one at a time.
    ensured: Mutex<HashSet<String>>,
}

impl Driver for PostgresDriver {
    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    fn open(&self, database: PluginDatabase) -> BoxFuture<'_, Result<Arc<dyn OpenDatabase>, DatabaseError>> {
        Box::pin(async move {
            let Target::Postgres(postgres) = database.target.clone() else {
                return Err(database.refused("it is no PostgreSQL database"));
            };
            ensure(&database, &postgres, &mut *self.ensured.lock().await).await?;
            Ok(Arc::new(Open::new(database, &postgres).await?) as Arc<dyn OpenDatabase>)
        })
    }
}
