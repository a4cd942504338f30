//! A driver whose database is as the test wants it.

use std::{
    any::{Any, TypeId},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use greenroom_config::RootConfig;
use greenroom_core::{Backend, Module, Plugin, Running, plugin, service};
use greenroom_database::{
    BoxFuture, Database, DatabaseDriver, DatabaseError, Driver, Engine, Migrations, OpenDatabase,
    PluginDatabase,
};
use greenroom_errors::BoxError;
use greenroom_logging::{CaptureSink, RootLogger};
use parking_lot::Mutex;

/// The pool of a plugin of this id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MadeUpPool(pub(crate) String);

#[derive(Clone, Default)]
pub(crate) struct MadeUp(Arc<State>);

#[derive(Default)]
pub(crate) struct State {
    pub(crate) opened: AtomicUsize,
    pub(crate) pings: AtomicUsize,
    pub(crate) is_away: AtomicBool,
    /// What happened, in order.
    pub(crate) story: Mutex<Vec<String>>,
}

impl std::ops::Deref for MadeUp {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

struct MadeUpDatabase(MadeUp, PluginDatabase, MadeUpPool);

impl Driver for MadeUp {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn open(&self, database: PluginDatabase) -> BoxFuture<'_, Result<Arc<dyn OpenDatabase>, DatabaseError>> {
        Box::pin(async move {
            if self.is_away.load(SeqCst) {
                return Err(database.unreachable("nobody there"));
            }
            self.opened.fetch_add(1, SeqCst);
            let pool = MadeUpPool(database.plugin.to_string());
            Ok(Arc::new(MadeUpDatabase(self.clone(), database, pool)) as Arc<dyn OpenDatabase>)
        })
    }
}

impl OpenDatabase for MadeUpDatabase {
    fn pool(&self, wanted: TypeId) -> Option<&(dyn Any + Send + Sync)> {
        (wanted == TypeId::of::<MadeUpPool>()).then_some(&self.2)
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), DatabaseError>> {
        self.0.pings.fetch_add(1, SeqCst);
        let answer =
            if self.0.is_away.load(SeqCst) { Err(self.1.unreachable("nobody there")) } else { Ok(()) };
        Box::pin(async { answer })
    }

    fn migrate(&self, migrations: Migrations) -> BoxFuture<'_, Result<Vec<&'static str>, DatabaseError>> {
        Box::pin(async move { Ok(migrations.all().iter().map(|migration| migration.name()).collect()) })
    }

    fn explain(&self, error: BoxError) -> BoxFuture<'_, DatabaseError> {
        Box::pin(async { self.1.statement(error) })
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        self.0.story.lock().push(format!("{} closed", self.1.plugin));
        Box::pin(async {})
    }
}

impl MadeUp {
    /// A backend with this driver and these plugins, and its lines.
    pub(crate) async fn start(&self, yaml: &str, plugins: Vec<Plugin>) -> (Running, CaptureSink) {
        self.start_with(yaml, plugins, vec![]).await
    }

    /// The same with modules.
    pub(crate) async fn start_with(
        &self,
        yaml: &str,
        plugins: Vec<Plugin>,
        modules: Vec<Module>,
    ) -> (Running, CaptureSink) {
        let (config, lines) = (RootConfig::from_yaml(yaml).unwrap(), CaptureSink::new());
        let sink = lines.clone();
        let node_env = yaml.contains("production").then(|| "production".to_owned());
        let backend = Backend::new([
            service(async move || Ok(config)),
            service(async move || Ok(RootLogger::builder().sink(sink).build())),
            greenroom_logging::logger(),
            DatabaseDriver::factory(self.clone()),
            Database::factory(node_env),
        ]);
        let backend = plugins.into_iter().fold(backend, Backend::add);
        let backend = modules.into_iter().fold(backend, Backend::add);
        (backend.start().await.unwrap_or_else(|error| panic!("{error}")), lines)
    }
}

/// A plugin that asks for its client.
pub(crate) fn asks(id: &'static str) -> Plugin {
    plugin(id, |env| {
        env.register_init(async |database: Database| {
            database.client().await?;
            Ok(())
        });
    })
}
