//! Opens a plugin's database of a server.

use std::sync::Arc;

use greenroom_database::{BoxFuture, DatabaseError, Driver, Engine, OpenDatabase, PluginDatabase, Target};

use crate::{ensure::Ensured, open::Open};

/// The driver of the client `pg`.
#[derive(Debug, Default)]
pub struct PostgresDriver {
    ensured: Ensured,
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
            self.ensured.ensure(&database, &postgres).await?;
            Ok(Arc::new(Open::new(database, &postgres).await?) as Arc<dyn OpenDatabase>)
        })
    }
}
