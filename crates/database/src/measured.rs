//! The metrics of databases, by OpenTelemetry's names: statements as the driver's library tells them, and pools as they are. Where work
//! is recorded, each of its statements is a span, too.
//!
//! A library knows how long a statement took, and not whose it was. So all that a plugin asks by [`Client::run`](crate::Client::run)
//! happens within a span that says it ([`asked`]), and who hears the library ([`heard`]) finds it there, also on a thread of the driver's.

mod asked;
mod heard;
mod operation;
mod pools;
mod traced;

use std::{
    sync::{
        Arc, OnceLock, Weak,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use greenroom_logging::{Logger, warn};
use greenroom_metrics::{BoundHistogram, Histogram, KeyValue, MetricsRegistry};
use greenroom_traces::Tracer;
use parking_lot::Mutex;

use crate::{
    driver::OpenDatabase,
    settings::PluginDatabase,
    target::{Sqlite, Target},
};

pub(crate) use asked::Asked;
use asked::Statement;
pub use heard::StatementListener;
use operation::OPERATIONS;
pub use pools::PoolState;
use traced::{Traces, Work};

/// In seconds, as OpenTelemetry has them for databases.
const SECONDS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

/// From here on it is told that somebody has waited for a connection.
const LONG_WAIT: Duration = Duration::from_secs(2);

/// Where the databases of a backend are measured.
#[derive(Clone)]
pub struct DatabaseMetrics(Arc<Inner>);

struct Inner {
    took: Histogram,
    waited: Histogram,
    tracer: Tracer,
    clients: Mutex<Vec<Weak<ClientMetrics>>>,
}

impl std::fmt::Debug for DatabaseMetrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseMetrics").finish_non_exhaustive()
    }
}

impl DatabaseMetrics {
    /// Tells them there, and by this tracer. One for all databases of a backend.
    pub fn new(registry: &MetricsRegistry, tracer: Tracer) -> Self {
        let metrics = registry.own();
        let took = metrics.histogram("db.client.operation.duration").unit("s").buckets(SECONDS);
        let waited = metrics.histogram("db.client.connection.wait_time").unit("s").buckets(SECONDS);
        let inner = Arc::new(Inner {
            took: took.description("Duration of database client operations.").build(),
            waited: waited
                .description("The time it took to obtain an open connection from the pool.")
                .build(),
            tracer,
            clients: Mutex::default(),
        });
        pools::tell(metrics, &inner);
        Self(inner)
    }

    /// Those of one client, for as long as somebody has them.
    pub(crate) fn of(
        &self,
        open: Arc<dyn OpenDatabase>,
        database: &PluginDatabase,
        logger: Logger,
    ) -> Arc<ClientMetrics> {
        let plugin = KeyValue::new("backstage.plugin.id", database.plugin.to_string());
        let system = match &database.target {
            Target::Sqlite(_) => "sqlite",
            Target::Postgres(_) => "postgresql",
        };
        let (attributes, namespace) =
            ([plugin, KeyValue::new("db.system.name", system)], namespace(&database.target));
        let traces = Traces::new(self.0.tracer.clone(), database, &attributes, namespace.as_deref());
        let made = Arc::new(ClientMetrics {
            all: self.0.clone(),
            open,
            plugin: database.plugin.clone(),
            attributes,
            namespace,
            traces,
            took: Default::default(),
            waited: Default::default(),
            running: AtomicUsize::new(0),
            logger,
        });
        let mut clients = self.0.clients.lock();
        clients.retain(|client| client.strong_count() > 0);
        clients.push(Arc::downgrade(&made));
        made
    }
}

impl Inner {
    fn clients(&self) -> Vec<Arc<ClientMetrics>> {
        self.clients.lock().iter().filter_map(Weak::upgrade).collect()
    }
}

/// What is measured of one client.
pub(crate) struct ClientMetrics {
    all: Arc<Inner>,
    open: Arc<dyn OpenDatabase>,
    plugin: Arc<str>,
    attributes: [KeyValue; 2],
    /// Which database, as OpenTelemetry names it; `None` where nobody says it.
    namespace: Option<String>,
    traces: Traces,
    /// Those that have not failed, by operation.
    took: [OnceLock<BoundHistogram>; OPERATIONS.len()],
    /// By pool.
    waited: [OnceLock<BoundHistogram>; 2],
    /// How many calls of `Client::run` are under way.
    running: AtomicUsize,
    logger: Logger,
}

impl ClientMetrics {
    /// A statement of that work has ended; with what it failed, if it did.
    fn ended(&self, statement: &Statement, work: Option<&Work>, error: Option<&str>) {
        if let Some(work) = work {
            self.traces.ended(work, statement, self.namespace.as_deref(), error);
        }
        let operation = statement.operation;
        let attributes = || {
            let mut attributes = self.attributes.to_vec();
            attributes.extend(self.namespace.clone().map(|name| KeyValue::new("db.namespace", name)));
            attributes.push(KeyValue::new("db.operation.name", OPERATIONS[operation]));
            attributes.extend(error.map(|error| KeyValue::new("error.type", error.to_owned())));
            attributes
        };
        let seconds = statement.took.as_secs_f64();
        match error {
            None => self.took[operation].get_or_init(|| self.all.took.bind(&attributes())).record(seconds),
            Some(_) => self.all.took.record(seconds, &attributes()),
        }
    }

    /// A connection of that pool was waited for.
    fn waited(&self, pool: usize, waited: Duration) {
        let bind = || self.all.waited.bind(&self.pool_attributes(pool));
        self.waited[pool].get_or_init(bind).record(waited.as_secs_f64());
        if waited < LONG_WAIT {
            return;
        }
        let Some(state) = self.open.pools().into_iter().nth(pool) else { return };
        let (used, max, seconds) = (state.used(), state.max, waited.as_secs_f64());
        warn!(
            self.logger,
            pool = &*self.pool_name(pool),
            used,
            max,
            "A connection to the database was waited for {seconds:.1} s: {used} of {max} are in use"
        );
    }

    fn running(&self) -> usize {
        self.running.load(Relaxed)
    }

    fn pool_name(&self, pool: usize) -> String {
        match pool {
            0 => self.plugin.to_string(),
            _ => format!("{}.readers", self.plugin),
        }
    }

    fn pool_attributes(&self, pool: usize) -> Vec<KeyValue> {
        let name = KeyValue::new("db.client.connection.pool.name", self.pool_name(pool));
        self.attributes.iter().cloned().chain([name]).collect()
    }
}

/// `db.namespace`: of a server its database, with the schema where the plugin has one of its own; of a file its name.
fn namespace(target: &Target) -> Option<String> {
    match target {
        Target::Sqlite(Sqlite::Memory) => Some("memory".to_owned()),
        Target::Sqlite(Sqlite::File(file)) => Some(file.file_name()?.to_string_lossy().into_owned()),
        Target::Postgres(postgres) => match (&postgres.database, &postgres.schema) {
            (Some(database), Some(schema)) => Some(format!("{database}|{schema}")),
            (database, schema) => database.clone().or_else(|| schema.clone()),
        },
    }
}
