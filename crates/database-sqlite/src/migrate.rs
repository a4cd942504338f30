//! Applies migrations, one transaction each, under SQLite's own lock of writers.

use std::time::Duration;

use greenroom_database::{Applied, DatabaseError, Engine, Migration, Migrations, PluginDatabase};
use sqlx::{
    ConnectOptions, Connection, Row, Sqlite, SqliteConnection, Transaction, sqlite::SqliteConnectOptions,
};

use crate::errors;

/// How long other processes that migrate are waited for.
const WAIT: Duration = Duration::from_secs(120);

const LEDGER: &str = "create table if not exists greenroom_migrations (
    plugin text not null,
    name text not null,
    checksum text not null,
    applied_at text not null default current_timestamp,
    primary key (plugin, name)
)";

pub(crate) async fn migrate(
    database: &PluginDatabase,
    options: &SqliteConnectOptions,
    migrations: Migrations,
) -> Result<Vec<&'static str>, DatabaseError> {
    // A table is rebuilt by dropping it, which with foreign keys would delete the rows that point to it: they are checked before
    // each commit instead. The setting cannot be changed within a transaction, hence a connection of its own.
    let connection = options.clone().foreign_keys(false).busy_timeout(WAIT).connect().await;
    let mut connection = connection.map_err(|error| errors::explain(database, error))?;
    let done = steps(database, &mut connection, migrations).await;
    // What a step that failed has left open ends before anybody else begins.
    let _ = connection.close().await;
    done
}

async fn steps(
    database: &PluginDatabase,
    connection: &mut SqliteConnection,
    migrations: Migrations,
) -> Result<Vec<&'static str>, DatabaseError> {
    let mut applied = vec![];
    while let Some(name) = step(database, connection, migrations).await? {
        applied.push(name);
    }
    Ok(applied)
}

/// Applies the next one, if there is one.
async fn step(
    database: &PluginDatabase,
    connection: &mut SqliteConnection,
    migrations: Migrations,
) -> Result<Option<&'static str>, DatabaseError> {
    let explained = |error| errors::explain(database, error);
    let mut transaction = connection.begin_with("begin immediate").await.map_err(explained)?;
    sqlx::query(LEDGER).execute(&mut *transaction).await.map_err(explained)?;
    let rows = sqlx::query("select name, checksum from greenroom_migrations where plugin = ?")
        .bind(&*database.plugin)
        .fetch_all(&mut *transaction)
        .await
        .map_err(explained)?;
    let applied: Vec<_> = rows.iter().map(|row| Applied { name: row.get(0), checksum: row.get(1) }).collect();
    let next = migrations.next(Engine::Sqlite, &applied).map_err(|why| database.migration(why))?;
    if let Some(migration) = next {
        apply(database, &mut transaction, migration).await?;
    }
    transaction.commit().await.map_err(explained)?;
    Ok(next.map(Migration::name))
}

async fn apply(
    database: &PluginDatabase,
    transaction: &mut Transaction<'_, Sqlite>,
    migration: &Migration,
) -> Result<(), DatabaseError> {
    let said = |error: sqlx::Error| {
        let why = match error.as_database_error() {
            Some(error) => error.message().to_owned(),
            None => error.to_string(),
        };
        database.not_applied(migration.name(), why, errors::explain(database, error))
    };
    sqlx::raw_sql(migration.sql(Engine::Sqlite)).execute(&mut **transaction).await.map_err(said)?;
    let broken =
        sqlx::query("pragma foreign_key_check").fetch_optional(&mut **transaction).await.map_err(said)?;
    if let Some(row) = broken {
        let (table, parent): (String, String) = (row.get(0), row.get(2));
        let (name, why) =
            (migration.name(), format!("rows of {table} point to rows of {parent} that are not there"));
        return Err(database.migration(format_args!("Migration '{name}' cannot be applied: {why}")));
    }
    sqlx::query("insert into greenroom_migrations (plugin, name, checksum) values (?, ?, ?)")
        .bind(&*database.plugin)
        .bind(migration.name())
        .bind(migration.checksum(Engine::Sqlite))
        .execute(&mut **transaction)
        .await
        .map_err(said)?;
    Ok(())
}
