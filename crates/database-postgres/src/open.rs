//! An open database: its pool, tried once.

use std::{
    any::{Any, TypeId},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use greenroom_database::{
    BoxFuture, DatabaseError, Migrations, OpenDatabase, PluginDatabase, PoolState, Postgres,
};
use greenroom_errors::BoxError;
use log::LevelFilter;
use sqlx::{
    ConnectOptions, Connection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::{sync::Mutex, time::Instant};

use crate::{
    connect::{options, take_on, to_nowhere, within},
    errors, migrate,
};

/// How long the result of one test login is reused.
const KNOWN: Duration = Duration::from_secs(1);
/// How long a connection that comes back has to show that it is in order. Somebody may have given up in the middle of an answer.
const RELEASE: Duration = Duration::from_secs(5);

pub(crate) struct Open {
    database: PluginDatabase,
    pool: PgPool,
    login: Login,
    /// When the server was last asked beside the pool, and whether it let in somebody. Who holds it asks.
    let_in: Mutex<Option<(Instant, Result<(), DatabaseError>)>>,
    /// Whether the pool is led to nowhere.
    is_led_away: AtomicBool,
    /// How often a connection was waited for in vain.
    timeouts: AtomicU64,
}

/// How one connects, and what each connection takes on.
struct Login {
    options: PgConnectOptions,
    session: Arc<Session>,
    limit: Duration,
}

struct Session {
    role: Option<String>,
    schema: Option<String>,
}

impl Open {
    pub(crate) async fn new(database: PluginDatabase, postgres: &Postgres) -> Result<Self, DatabaseError> {
        let options = options(postgres);
        let session = Arc::new(Session { role: postgres.role.clone(), schema: postgres.schema.clone() });
        let each = session.clone();
        let pool = PgPoolOptions::new()
            .min_connections(database.pool.min)
            .max_connections(database.pool.max)
            .acquire_timeout(database.pool.acquire)
            .idle_timeout(database.pool.idle)
            // Who hears it tells of long waits, too.
            .acquire_time_level(LevelFilter::Debug)
            .acquire_slow_level(LevelFilter::Off)
            .after_connect(move |connection, _| {
                let each = each.clone();
                Box::pin(
                    async move { take_on(connection, each.role.as_deref(), each.schema.as_deref()).await },
                )
            })
            // sqlx asks the same, and waits for ever: the place in the pool would be lost.
            .after_release(|connection, _| {
                Box::pin(async move { within(RELEASE, connection.ping()).await.map(|()| true) })
            })
            .connect_lazy_with(options.clone());
        let login = Login { options, session, limit: postgres.connect_timeout };
        let (let_in, is_led_away, timeouts) = Default::default();
        let open = Self { database, pool, login, let_in, is_led_away, timeouts };
        open.try_out().await?;
        Ok(open)
    }

    /// Connects outside of the pool, which would wait for a server that is away, and try a role for ever that is not there.
    async fn try_out(&self) -> Result<(), DatabaseError> {
        let Login { options, session, limit } = &self.login;
        let Session { role, schema } = &**session;
        let tried = within(*limit, async {
            let mut connection = options.connect().await?;
            take_on(&mut connection, role.as_deref(), schema.as_deref()).await?;
            let current = match schema {
                Some(_) => {
                    let asked = sqlx::query_scalar("select current_schema()::text");
                    asked.fetch_one(&mut connection).await?
                }
                None => None,
            };
            connection.close().await?;
            Ok(current)
        });
        let tried: sqlx::Result<Option<String>> = tried.await;
        self.lead(tried.as_ref().is_err_and(errors::is_nobody));
        let current = tried.map_err(|error| errors::explain_login(&self.database, error))?;
        match schema {
            Some(name) if current.as_ref() != Some(name) => {
                Err(self.database.refused(format_args!("schema \"{name}\" is missing, or may not be used")))
            }
            _ => Ok(()),
        }
    }

    /// Where nobody listens, sqlx's pool tries it again for as long as somebody waits for a connection. So it makes its connections to
    /// nowhere then, which it gives up at once, until there is somebody; those that it has go on.
    fn lead(&self, is_nobody_there: bool) {
        if self.is_led_away.swap(is_nobody_there, Relaxed) != is_nobody_there {
            let Login { options, .. } = &self.login;
            let options = if is_nobody_there { to_nowhere(options) } else { options.clone() };
            self.pool.set_connect_options(options);
        }
    }

    /// The same, unless it was done since then: where a hundred ask at once, the first does it, and the others hear what it was told.
    async fn try_out_since(&self, since: Instant) -> Result<(), DatabaseError> {
        let mut let_in = self.let_in.lock().await;
        if let Some((at, outcome)) = &*let_in
            && *at >= since
        {
            return outcome.clone();
        }
        let outcome = self.try_out().await;
        *let_in = Some((Instant::now(), outcome.clone()));
        outcome
    }

    /// Whether a connection that nobody uses answers. It may be one of before the server started again.
    async fn answers_idle(&self) -> bool {
        match self.pool.try_acquire() {
            Some(mut idle) => sqlx::query("select 1").execute(&mut *idle).await.is_ok(),
            None => false,
        }
    }

    /// What an error means. Some are told in the same words whatever is the matter: so a connection is made.
    async fn meaning(&self, error: sqlx::Error) -> DatabaseError {
        // Before others give up, too.
        let is_full = self.pool.size() >= self.database.pool.max && self.pool.num_idle() == 0;
        let lately = KNOWN.min(self.database.pool.acquire / 2);
        let try_out = || self.try_out_since(Instant::now() - lately);
        match error {
            // All connections are in use, or none can be made.
            sqlx::Error::PoolTimedOut => {
                self.timeouts.fetch_add(1, Relaxed);
                match try_out().await {
                    Err(known) => known,
                    Ok(()) if is_full => self.database.exhausted(self.database.pool.max),
                    Ok(()) => {
                        let waited = self.database.pool.acquire.as_secs_f64();
                        let text = format_args!("no connection was free or could be made within {waited} s");
                        self.database.timed_out(text)
                    }
                }
            }
            nowhere if errors::is_nowhere(&nowhere) => match try_out().await {
                Err(known) => known,
                Ok(()) => self.database.unreachable("nobody was there a moment ago"),
            },
            // The table is missing, or with its schema all of them.
            missing if errors::is_missing(&missing) && self.login.session.schema.is_some() => {
                match try_out().await {
                    Err(known) => known,
                    Ok(()) => errors::explain(&self.database, missing),
                }
            }
            other => errors::explain(&self.database, other),
        }
    }
}

impl OpenDatabase for Open {
    fn pool(&self, wanted: TypeId) -> Option<&(dyn Any + Send + Sync)> {
        (wanted == TypeId::of::<PgPool>()).then_some(&self.pool)
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), DatabaseError>> {
        Box::pin(async {
            // A pool whose connections are all in use is no sign that the server is away: one is not waited for.
            match self.answers_idle().await {
                true => Ok(()),
                false => self.try_out_since(Instant::now()).await,
            }
        })
    }

    fn connects(&self) -> BoxFuture<'_, Result<(), DatabaseError>> {
        Box::pin(self.try_out_since(Instant::now()))
    }

    fn migrate(&self, migrations: Migrations) -> BoxFuture<'_, Result<Vec<&'static str>, DatabaseError>> {
        Box::pin(async move {
            match migrate::migrate(&self.database, &self.pool, migrations).await {
                Ok(done) => done,
                Err(error) => Err(self.meaning(error).await),
            }
        })
    }

    fn explain(&self, error: BoxError) -> BoxFuture<'_, DatabaseError> {
        Box::pin(async {
            match error.downcast::<sqlx::Error>() {
                Ok(error) => self.meaning(*error).await,
                Err(other) => self.database.statement(other),
            }
        })
    }

    fn most_connections(&self) -> BoxFuture<'_, Option<u32>> {
        const MOST: &str = "select current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int";
        Box::pin(async {
            let asked = sqlx::query_scalar::<_, i32>(MOST).fetch_one(&self.pool);
            let most = within(RELEASE, asked).await.ok()?;
            u32::try_from(most).ok()
        })
    }

    fn pools(&self) -> Vec<PoolState> {
        vec![PoolState {
            max: self.database.pool.max,
            open: self.pool.size(),
            idle: u32::try_from(self.pool.num_idle()).unwrap_or(u32::MAX),
            timeouts: self.timeouts.load(Relaxed),
        }]
    }

    fn failure(&self, error: &BoxError) -> Option<String> {
        errors::failure(error.downcast_ref()?)
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.pool.close())
    }
}
