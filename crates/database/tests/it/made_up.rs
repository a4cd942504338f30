//! A driver whose database is as the test wants it.

use std::{
    any::{Any, TypeId},
    future::pending,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
};

use greenroom_config::RootConfig;
use greenroom_core::{Backend, Module, Plugin, Running, ServiceFactory, plugin, service};
use greenroom_database::{
    BoxFuture, Client, Database, DatabaseDriver, DatabaseError, Driver, Engine, Migrations, OpenDatabase,
    PluginDatabase,
};
use greenroom_errors::BoxError;
use greenroom_health::{HealthChecks, HealthRegistry};
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
    /// Whether nobody ever answers.
    pub(crate) is_stalled: AtomicBool,
    /// What happened, in order.
    pub(crate) story: Mutex<Vec<String>>,
}

impl std::ops::Deref for MadeUp {
    type Target = State;

    fn deref(&self) -> &State {
        &self.0
    }
}

/// A backend with a plugin `catalog`, and what that has.
pub(crate) struct Served {
    pub(crate) running: Running,
    pub(crate) lines: CaptureSink,
    pub(crate) client: Client,
    pub(crate) database: Database,
}

struct MadeUpDatabase(MadeUp, PluginDatabase, MadeUpPool);

/// The same as that of a server.
struct OfServer(MadeUp);

impl Driver for OfServer {
    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    fn open(&self, database: PluginDatabase) -> BoxFuture<'_, Result<Arc<dyn OpenDatabase>, DatabaseError>> {
        self.0.open(database)
    }
}

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
        Box::pin(async {
            match self.0.is_stalled.load(SeqCst) {
                true => pending().await,
                false => answer,
            }
        })
    }

    fn connects(&self) -> BoxFuture<'_, Result<(), DatabaseError>> {
        self.ping()
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

    /// A backend whose data is on a server, with a plugin `catalog` that has asked for its client, and has it kept for the test.
    pub(crate) async fn start_served(&self, connection: &str, more: &str) -> Served {
        let yaml = format!("backend: {{database: {{client: pg, connection: {connection}, {more}}}}}");
        let given = Arc::new(OnceLock::new());
        let give = given.clone();
        let catalog = plugin("catalog", move |env| {
            env.register_init(async move |database: Database| {
                assert!(give.set((database.client().await?, database)).is_ok());
                Ok(())
            });
        });
        let driver = DatabaseDriver::factory(OfServer(self.clone()));
        let (running, lines) = self.start_all(&yaml, vec![catalog], vec![], Some(driver)).await;
        let (client, database) = given.get().cloned().unwrap();
        Served { running, lines, client, database }
    }

    /// A backend whose plugins have their data on a server.
    pub(crate) async fn start_away(&self, connection: &str, plugins: Vec<Plugin>) -> Running {
        let yaml = format!("backend: {{database: {{client: pg, connection: {connection}}}}}");
        let driver = DatabaseDriver::factory(OfServer(self.clone()));
        self.start_all(&yaml, plugins, vec![], Some(driver)).await.0
    }

    /// As `start`, with modules.
    pub(crate) async fn start_with(
        &self,
        yaml: &str,
        plugins: Vec<Plugin>,
        modules: Vec<Module>,
    ) -> (Running, CaptureSink) {
        self.start_all(yaml, plugins, modules, None).await
    }

    async fn start_all(
        &self,
        yaml: &str,
        plugins: Vec<Plugin>,
        modules: Vec<Module>,
        other_driver: Option<ServiceFactory>,
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
            HealthRegistry::factory(),
            HealthChecks::factory(),
        ]);
        let backend = other_driver.into_iter().fold(backend, Backend::add);
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
