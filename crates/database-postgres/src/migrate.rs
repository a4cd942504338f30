//! Applies migrations, one transaction each, under an advisory lock that ends with the transaction: it holds behind poolers, too, and
//! none is left if the process dies.

use aws_lc_rs::digest::{SHA256, digest};
use greenroom_database::{Applied, DatabaseError, Engine, Migration, Migrations, PluginDatabase};
use sqlx::{PgPool, Postgres, Row, Transaction};

const LEDGER: &str = "create table if not exists greenroom_migrations (
    plugin text not null,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default now(),
    primary key (plugin, name)
)";

/// How long other replicas that migrate are waited for, in milliseconds.
const WAIT: &str = "set local lock_timeout = '120s'";

/// The outer error is of the connection, which the pool has to be asked about.
pub(crate) async fn migrate(
    database: &PluginDatabase,
    pool: &PgPool,
    migrations: Migrations,
) -> sqlx::Result<Result<Vec<&'static str>, DatabaseError>> {
    let mut applied = vec![];
    loop {
        let mut transaction = pool.begin().await?;
        match step(database, &mut transaction, migrations).await? {
            Err(error) => return Ok(Err(error)),
            Ok(None) => return Ok(Ok(applied)),
            Ok(Some(name)) => {
                transaction.commit().await?;
                applied.push(name);
            }
        }
    }
}

/// Applies the next one, if there is one.
async fn step(
    database: &PluginDatabase,
    transaction: &mut Transaction<'_, Postgres>,
    migrations: Migrations,
) -> sqlx::Result<Result<Option<&'static str>, DatabaseError>> {
    sqlx::raw_sql(WAIT).execute(&mut **transaction).await?;
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
    let applied: Vec<_> = rows.iter().map(|row| Applied { name: row.get(0), checksum: row.get(1) }).collect();
    let next = match migrations.next(Engine::Postgres, &applied) {
        Ok(next) => next,
        Err(why) => return Ok(Err(database.migration(why))),
    };
    match next {
        Some(migration) => match apply(database, transaction, migration).await {
            // A server that went away in between is no fault of the migration.
            Err(error @ sqlx::Error::Database(_)) => {
                let (name, why) = (migration.name(), crate::errors::said(&error));
                Ok(Err(database.migration(format!("Migration '{name}' cannot be applied: {why}"))))
            }
            other => other.map(|()| Ok(Some(migration.name()))),
        },
        None => Ok(Ok(None)),
    }
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
