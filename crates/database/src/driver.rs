//! What a driver does: it opens a plugin's database, and knows what its library's errors mean.

use std::{
    any::{Any, TypeId},
    fmt,
    sync::Arc,
};

use greenroom_core::{Multiton, ServiceFactory, multiton, scope};
use greenroom_errors::BoxError;

use crate::{
    BoxFuture, error::DatabaseError, measured::PoolState, migration::Migrations, settings::PluginDatabase,
    target::Engine,
};

/// Opens databases of one [`Engine`]. The crates `greenroom-database-sqlite` and `greenroom-database-postgres` have one each.
pub trait Driver: Send + Sync + 'static {
    /// Of which.
    fn engine(&self) -> Engine;

    /// Makes what is missing, and connects.
    fn open(&self, database: PluginDatabase) -> BoxFuture<'_, Result<Arc<dyn OpenDatabase>, DatabaseError>>;
}

/// A plugin's database, open.
pub trait OpenDatabase: Send + Sync + 'static {
    /// The pool of this type, if it is one of the driver's.
    fn pool(&self, wanted: TypeId) -> Option<&(dyn Any + Send + Sync)>;

    /// Asks for `select 1`, over a connection that there is, or a new one.
    fn ping(&self) -> BoxFuture<'_, Result<(), DatabaseError>>;

    /// Whether a new connection can be made: those that there are may go on where nobody is let in any more.
    fn connects(&self) -> BoxFuture<'_, Result<(), DatabaseError>>;

    /// Applies what is not applied yet, under a lock, each in a transaction; yields the names.
    fn migrate(&self, migrations: Migrations) -> BoxFuture<'_, Result<Vec<&'static str>, DatabaseError>>;

    /// What an error of the driver's library means: whether the server is lost, say, or the pool exhausted.
    fn explain(&self, error: BoxError) -> BoxFuture<'_, DatabaseError>;

    /// How many connections the server lets in, those of all its clients together; `None` where that is not known, or there is no server.
    fn most_connections(&self) -> BoxFuture<'_, Option<u32>> {
        Box::pin(async { None })
    }

    /// Its pools as they are now: at most two, the one that writes first.
    fn pools(&self) -> Vec<PoolState> {
        vec![]
    }

    /// With what a statement has failed, by the database's own code where it has one; `None` for an error of anything else.
    fn failure(&self, error: &BoxError) -> Option<String> {
        let _ = error;
        None
    }

    /// Waits for connections that are in use, and closes all.
    fn close(&self) -> BoxFuture<'_, ()>;
}

/// The handle of an installed driver. A backend has one for each engine that its plugins may use.
#[derive(Clone)]
pub struct DatabaseDriver(Arc<dyn Driver>);

impl Multiton for DatabaseDriver {
    const ID: &'static str = "greenroom.databaseDrivers";
    type Scope = scope::Root;
}

impl DatabaseDriver {
    /// A handle on a driver.
    pub fn new(driver: impl Driver) -> Self {
        Self(Arc::new(driver))
    }

    /// The factory of a driver, which a backend adds beside those of others.
    pub fn factory(driver: impl Driver) -> ServiceFactory {
        let handle = Self::new(driver);
        multiton(async move || Ok(handle)).lazy()
    }
}

impl std::ops::Deref for DatabaseDriver {
    type Target = dyn Driver;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl fmt::Debug for DatabaseDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseDriver").field(&self.engine()).finish()
    }
}
