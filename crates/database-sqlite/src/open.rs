//! An open database: one connection that writes, and some that read.

use std::{
    any::{Any, TypeId},
    fs::OpenOptions,
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    str::FromStr,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    time::Duration,
};

use greenroom_database::{
    BoxFuture, DatabaseError, Migrations, OpenDatabase, PluginDatabase, PoolState, Sqlite,
};
use greenroom_errors::BoxError;
use log::LevelFilter;
use parking_lot::Mutex;
use sqlx::{
    ConnectOptions, SqliteConnection, SqlitePool,
    sqlite::{
        SqliteAutoVacuum, SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous,
    },
};
use tokio::{
    sync,
    time::{Instant, sleep},
};

use crate::{errors, migrate};

/// How long a statement waits for a writer of another process.
const BUSY: Duration = Duration::from_secs(5);
/// How many bytes of a write-ahead log are kept once it was moved into the file. While somebody reads for long it may be longer.
const WAL_KEPT: &str = "16777216";
/// How often is tried again what SQLite itself does not wait for.
const AGAIN: Duration = Duration::from_millis(50);

/// Connections that read and cannot write. In memory it is the one connection that there is.
///
/// ```
/// use greenroom_database::Client;
/// use greenroom_database_sqlite::{Readers, sqlx};
///
/// async fn count(client: &Client) -> greenroom_errors::Result<i64> {
///     let Readers(pool) = client.pool()?;
///     Ok(client.run(sqlx::query_scalar("select count(*) from notes").fetch_one(&pool)).await?)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Readers(pub SqlitePool);

pub(crate) struct Open {
    database: PluginDatabase,
    writer: SqlitePool,
    readers: Readers,
    /// For connections of their own, such as that of migrations.
    options: SqliteConnectOptions,
    is_memory: bool,
    /// How often the writer, and how often a reader, was waited for in vain.
    timeouts: [AtomicU64; 2],
    /// Keeps what is in memory, whatever becomes of the other connections.
    keeper: sync::Mutex<Option<SqliteConnection>>,
}

impl Open {
    pub(crate) async fn new(database: PluginDatabase, sqlite: Sqlite) -> Result<Self, DatabaseError> {
        match sqlite {
            Sqlite::Memory => Self::memory(database).await,
            Sqlite::File(file) => Self::file(database, &file).await,
        }
    }

    async fn memory(database: PluginDatabase) -> Result<Self, DatabaseError> {
        // Read from text it gets a name that connections share.
        let options = SqliteConnectOptions::from_str("sqlite::memory:");
        let options = options.map_err(|error| database.statement(error))?;
        let keeper = options.connect().await.map_err(|error| errors::explain(&database, error))?;
        let writer = pool(&database, 1, LevelFilter::Debug).connect_lazy_with(options.clone());
        Ok(Self {
            readers: Readers(writer.clone()),
            writer,
            options,
            is_memory: true,
            timeouts: Default::default(),
            keeper: sync::Mutex::new(Some(keeper)),
            database,
        })
    }

    async fn file(database: PluginDatabase, file: &Path) -> Result<Self, DatabaseError> {
        if let Some(directory) = file.parent().filter(|directory| !directory.as_os_str().is_empty()) {
            let made = tokio::fs::create_dir_all(directory).await;
            made.map_err(|error| database.unreachable(format!("its directory cannot be made: {error}")))?;
        }
        make(file).map_err(|error| database.unreachable(format!("it cannot be made: {error}")))?;
        let options = SqliteConnectOptions::new()
            .filename(file)
            .busy_timeout(BUSY)
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Normal)
            .pragma("journal_size_limit", WAL_KEPT);
        to_wal(&options).await.map_err(|error| errors::explain(&database, error))?;
        let writer = pool(&database, 1, LevelFilter::Debug).connect_lazy_with(options.clone());
        let reading = options.clone().pragma("query_only", "ON");
        let readers = pool(&database, database.pool.max, LevelFilter::Trace).connect_lazy_with(reading);
        let (readers, timeouts, keeper) = (Readers(readers), Default::default(), sync::Mutex::new(None));
        Ok(Self { database, writer, readers, options, is_memory: false, timeouts, keeper })
    }
}

/// Makes a file that only its owner reads, unless there is one. What SQLite puts beside it gets the same mode.
///
/// Whoever closes a file gives up all locks that the process has on it, SQLite's too. So none is opened that may be in use: one at a
/// time is made, and what is there is left alone.
fn make(file: &Path) -> io::Result<()> {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock();
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(file) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// Its level tells who hears of its connections which pool it is.
fn pool(database: &PluginDatabase, connections: u32, level: LevelFilter) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .acquire_time_level(level)
        .acquire_slow_level(LevelFilter::Off)
        .max_connections(connections)
        .acquire_timeout(database.pool.acquire)
        .idle_timeout(database.pool.idle)
        .max_lifetime(None)
        // There is no network that could have closed it.
        .test_before_acquire(false)
        // A disk that is full ends a transaction without its driver, which then believes for ever that it is within one.
        .before_acquire(|connection, _| {
            Box::pin(async { Ok(!sqlx::Connection::is_in_transaction(connection)) })
        })
}

/// Puts a file into WAL mode, in which it stays, and a new one into that in which it can [shrink](crate::shrink). SQLite does not wait for the lock that this takes, and replicas start at once.
async fn to_wal(options: &SqliteConnectOptions) -> sqlx::Result<()> {
    let options =
        options.clone().auto_vacuum(SqliteAutoVacuum::Incremental).journal_mode(SqliteJournalMode::Wal);
    let began = Instant::now();
    loop {
        match options.connect().await {
            Err(error) if errors::is_locked(&error) && began.elapsed() < BUSY => sleep(AGAIN).await,
            Err(error) => return Err(error),
            Ok(connection) => return sqlx::Connection::close(connection).await,
        }
    }
}

impl OpenDatabase for Open {
    fn pool(&self, wanted: TypeId) -> Option<&(dyn Any + Send + Sync)> {
        if wanted == TypeId::of::<SqlitePool>() {
            return Some(&self.writer);
        }
        (wanted == TypeId::of::<Readers>()).then_some(&self.readers)
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), DatabaseError>> {
        Box::pin(async {
            // Connections that are open go on with a file that nobody finds any more.
            self.connects().await?;
            let answer = sqlx::query("select 1").execute(&self.readers.0).await;
            answer.map(drop).map_err(|error| self.meaning(error))
        })
    }

    fn connects(&self) -> BoxFuture<'_, Result<(), DatabaseError>> {
        Box::pin(async {
            if self.is_memory {
                return Ok(());
            }
            let connection = self.options.connect().await.map_err(|error| self.meaning(error))?;
            sqlx::Connection::close(connection).await.map_err(|error| self.meaning(error))
        })
    }

    fn migrate(&self, migrations: Migrations) -> BoxFuture<'_, Result<Vec<&'static str>, DatabaseError>> {
        Box::pin(async move {
            // Nobody else of this process writes meanwhile; in memory they would not even wait for it.
            let _turn = self.writer.acquire().await.map_err(|error| self.meaning(error))?;
            migrate::migrate(&self.database, &self.options, migrations).await
        })
    }

    fn explain(&self, error: BoxError) -> BoxFuture<'_, DatabaseError> {
        Box::pin(async {
            match error.downcast::<sqlx::Error>() {
                Ok(error) => self.meaning(*error),
                Err(other) => self.database.statement(other),
            }
        })
    }

    fn pools(&self) -> Vec<PoolState> {
        let state = |pool: &SqlitePool, max, timeouts: &AtomicU64| PoolState {
            max,
            open: pool.size(),
            idle: u32::try_from(pool.num_idle()).unwrap_or(u32::MAX),
            timeouts: timeouts.load(Relaxed),
        };
        let [writing, reading] = &self.timeouts;
        let writer = state(&self.writer, 1, writing);
        match self.is_memory {
            true => vec![writer],
            false => vec![writer, state(&self.readers.0, self.database.pool.max, reading)],
        }
    }

    fn failure(&self, error: &BoxError) -> Option<String> {
        match error.downcast_ref()? {
            sqlx::Error::Database(error) => error.code().map(|code| code.into_owned()),
            sqlx::Error::Io(_) => Some("io".to_owned()),
            sqlx::Error::WorkerCrashed => Some("crash".to_owned()),
            _ => None,
        }
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {
            self.readers.0.close().await;
            // The last connection to a file moves what is in the WAL into it.
            self.writer.close().await;
            self.keeper.lock().await.take();
        })
    }
}

impl Open {
    /// Which pool timed out is not told: what is said is true of those that are in use.
    fn meaning(&self, error: sqlx::Error) -> DatabaseError {
        if !matches!(error, sqlx::Error::PoolTimedOut) {
            return errors::explain(&self.database, error);
        }
        let Readers(readers) = &self.readers;
        let (most, waited) = (self.database.pool.max, self.database.pool.acquire.as_secs_f64());
        let is_used_up = |pool: &SqlitePool, connections| pool.size() >= connections && pool.num_idle() == 0;
        let (of_writer, of_readers) = (is_used_up(&self.writer, 1), is_used_up(readers, most));
        let is_reader = !self.is_memory && of_readers && !of_writer;
        self.timeouts[usize::from(is_reader)].fetch_add(1, Relaxed);
        match (self.is_memory, of_writer, of_readers) {
            (true, ..) => {
                self.database.locked(format_args!("the one connection to memory was in use for {waited} s"))
            }
            (_, true, false) => {
                self.database.locked(format_args!("the plugin's own writer was in use for {waited} s"))
            }
            (_, false, true) => self.database.exhausted(most),
            (_, true, true) => {
                let text =
                    format!("the plugin's own writer and its {most} readers were in use for {waited} s");
                self.database.locked(text)
            }
            (_, false, false) => {
                self.database.timed_out(format_args!("no connection was free within {waited} s"))
            }
        }
    }
}
