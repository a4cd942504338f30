//! Applies migrations, one transaction each, under an advisory lock that ends with the transaction: it holds behind poolers, too, and
//! none is left if the process dies.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use greenroom_database::{Applied, DatabaseError, Engine, Migration, Migrations, PluginDatabase};
use sqlx::{PgPool, Postgres, Row, Transaction};

use crate::{connect::within, errors};

const LEDGER: &str = "create table if not exists greenroom_migrations (
    plugin text not null,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now(),
    primary key (plugin, name)
)";

/// How long other replicas that migrate are waited for.
const WAIT: Duration = Duration::from_secs(120);
/// How long an answer is waited for, beyond that. A migration itself takes as long as it takes.
const ANSWER: Duration = Duration::from_secs(10);

/// What limits a plugin's statements is not meant for its migrations. A server of before version 17 does not know all of them.
const LIMITS: &str = "select set_config(name, case name when 'lock_timeout' then '120s' else '0' end, true) from pg_settings
    where name in ('lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')";

/// The outer error is of the connection, which the pool has to be asked about.
pub(crate) async fn migrate(
    database: &PluginDatabase,
    pool: &PgPool,
    migrations: Migrations,
) -> sqlx::Result<Result<Vec<&'static str>, DatabaseError>> {
    let mut applied = vec![];
    loop {
        let mut transaction = within(database.pool.acquire + ANSWER, pool.begin()).await?;
        let ledger = within(WAIT + ANSWER, ledger(database, &mut transaction)).await?;
        let migration = match migrations.next(Engine::Postgres, &ledger) {
            Ok(Some(migration)) => migration,
            Ok(None) => return Ok(Ok(applied)),
            Err(why) => return Ok(Err(database.migration(why))),
        };
        let done = match apply(database, &mut transaction, migration).await {
            Ok(()) => within(ANSWER, transaction.commit()).await,
            failed => failed,
        };
        if let Err(error) = done {
            let why = errors::said(&error);
            let meaning = errors::explain(database, error);
            return Ok(Err(database.not_applied(migration.name(), why, meaning)));
        }
        applied.push(migration.name());
    }
}

/// What is applied, once it is this one's turn.
async fn ledger(
    database: &PluginDatabase,
    transaction: &mut Transaction<'_, Postgres>,
) -> sqlx::Result<Vec<Applied>> {
    sqlx::query(LIMITS).execute(&mut **transaction).await?;
    lock(transaction, &format!("migrations of {}", database.plugin)).await?;
    let is_missing = sqlx::query_scalar("select to_regclass('greenroom_migrations') is null");
    if is_missing.fetch_one(&mut **transaction).await? {
        // Two plugins of one database would both make it.
        lock(transaction, "ledger").await?;
        sqlx::raw_sql(LEDGER).execute(&mut **transaction).await?;
    }
    let rows = sqlx::query("select name, checksum from greenroom_migrations where plugin = $1")
        .bind(&*database.plugin)
        .fetch_all(&mut **transaction)
        .await?;
    Ok(rows.iter().map(|row| Applied { name: row.get(0), checksum: row.get(1) }).collect())
}

async fn apply(
    database: &PluginDatabase,
    transaction: &mut Transaction<'_, Postgres>,
    migration: &Migration,
) -> sqlx::Result<()> {
    sqlx::raw_sql(migration.sql(Engine::Postgres)).execute(&mut **transaction).await?;
    sqlx::query("insert into greenroom_migrations (plugin, name, checksum) values ($1, $2, $3)")
        .bind(&*database.plugin)
        .bind(migration.name())
        .bind(migration.checksum(Engine::Postgres))
        .execute(&mut **transaction)
        .await?;
    Ok(())
}

/// Waits for whoever has a lock of this name in this database. Two names are unlikely to be one number; who has one waits for the other.
async fn lock(transaction: &mut Transaction<'_, Postgres>, name: &str) -> sqlx::Result<()> {
    let hash = digest(&SHA256, format!("greenroom {name}").as_bytes());
    let first: [u8; 8] = std::array::from_fn(|at| hash.as_ref()[at]);
    let query = sqlx::query("select pg_advisory_xact_lock($1)").bind(i64::from_be_bytes(first));
    query.execute(&mut **transaction).await.map(drop)
}
