//! Databases of tests: SQLite's own driver, in memory, empty at first.

use greenroom::{
    core::{PluginMetadata, ServiceFactory, service},
    database::{BoxFuture, Client, Database, DatabaseService, DatabaseSettings, Driver},
    errors::{Error, Result},
    logging::Logger,
    prelude::RootConfig,
};
use greenroom_database_sqlite::SqliteDriver;
use tokio::sync::OnceCell;

/// `core.database` that gives each plugin an empty database in memory, whatever the config says.
pub fn database() -> ServiceFactory {
    service(async |me: PluginMetadata, logger: Logger| Ok(in_memory(me.id(), logger)))
}

/// A working `core.database` of one plugin: an empty database in memory, that of the handle and of its clones.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), greenroom::errors::Error> {
/// use greenroom::database::{Migration, Migrations};
/// use greenroom_database_sqlite::{SqlitePool, sqlx};
/// use greenroom_test::mock;
///
/// const MIGRATIONS: Migrations = Migrations::new(&[Migration::new("0001", "create table notes (body text)")]);
///
/// let client = mock::database_of("notes").client().await?;
/// client.migrate(&MIGRATIONS).await?;
/// let pool: SqlitePool = client.pool()?;
/// let count: i64 = client.run(sqlx::query_scalar("select count(*) from notes").fetch_one(&pool)).await?;
/// assert_eq!(count, 0);
/// # Ok(()) }
/// ```
pub fn database_of(plugin: &str) -> Database {
    in_memory(plugin, crate::mock::logger(plugin).0)
}

fn in_memory(plugin: &str, logger: Logger) -> Database {
    Database::new(InMemory { plugin: plugin.to_owned(), logger, client: OnceCell::new() })
}

struct InMemory {
    plugin: String,
    logger: Logger,
    client: OnceCell<Client>,
}

impl DatabaseService for InMemory {
    fn client(&self) -> BoxFuture<'_, Result<Client, Error>> {
        Box::pin(async { self.client.get_or_try_init(|| self.open()).await.cloned() })
    }

    fn skips_migrations(&self) -> bool {
        false
    }
}

impl InMemory {
    async fn open(&self) -> Result<Client, Error> {
        let settings = DatabaseSettings::from_config(&RootConfig::from_yaml("{}")?)?;
        let database = settings.for_plugin(&self.plugin)?;
        Ok(Client::new(SqliteDriver.open(database.clone()).await?, database, self.logger.clone()))
    }
}
