//! Makes a database and a schema, if they are missing.

use std::{collections::HashSet, time::Duration};

use greenroom_database::{DatabaseError, Ensure, PluginDatabase, Postgres};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::time::sleep;

use crate::{
    connect::{connect, exists, options, quoted, take_on},
    errors::{self, code},
};

const TRIES: u32 = 3;
const BETWEEN: Duration = Duration::from_millis(100);

/// Makes what the plugin is to have, unless `ensured` knows of it.
pub(crate) async fn ensure(
    database: &PluginDatabase,
    postgres: &Postgres,
    ensured: &mut HashSet<String>,
) -> Result<(), DatabaseError> {
    let Some(ensure) = &postgres.ensure else { return Ok(()) };
    let role = ensure.owner.as_deref();
    if let Some(name) = postgres.database.as_deref().filter(|_| ensure.database) {
        let known = format!("{postgres}/{name}");
        if !ensured.contains(&known) {
            // The database that every server has.
            let admin = Postgres { database: Some("postgres".to_owned()), ..by(postgres, ensure) };
            again(&admin, role, &Missing::Database(name))
                .await
                .map_err(|error| database.not_ensured(format!("'{name}'"), errors::said(&error)))?;
            ensured.insert(known);
        }
    }
    if let Some(name) = postgres.schema.as_deref().filter(|_| ensure.schema) {
        let missing = Missing::Schema { name, owner: role };
        again(&by(postgres, ensure), role, &missing).await.map_err(|error| {
            let what = format!("schema for plugin '{}'", database.plugin);
            database.not_ensured(what, errors::said(&error))
        })?;
    }
    Ok(())
}

/// The same server, as the one who may make things.
fn by(postgres: &Postgres, ensure: &Ensure) -> Postgres {
    Postgres { user: ensure.user.clone(), password: ensure.password.clone(), ..postgres.clone() }
}

async fn again(admin: &Postgres, role: Option<&str>, missing: &Missing<'_>) -> sqlx::Result<()> {
    let options = options(admin);
    let mut tries = 0;
    loop {
        tries += 1;
        let made = async {
            let mut connection = connect(&options).await?;
            // Who makes a database owns it, and may have tables in it.
            take_on(&mut connection, role, None).await?;
            missing.make(&mut connection).await?;
            // What was made stays, whether or not the server hears of the end.
            let _ = connection.close().await;
            Ok(())
        };
        match made.await {
            Err(error) if tries >= TRIES => return Err(error),
            Err(_) => sleep(BETWEEN).await,
            Ok(()) => return Ok(()),
        }
    }
}

/// What may be missing.
enum Missing<'a> {
    Database(&'a str),
    Schema { name: &'a str, owner: Option<&'a str> },
}

impl Missing<'_> {
    /// Who may not make it may use one that is there.
    async fn make(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let (query, name, statement) = match *self {
            Self::Database(name) => (
                "select exists (select from pg_database where datname = $1)",
                name,
                format!("create database {}", quoted(name)),
            ),
            Self::Schema { name, owner } => {
                let owner =
                    owner.map(|owner| format!(" authorization {}", quoted(owner))).unwrap_or_default();
                let statement = format!("create schema {}{owner}", quoted(name));
                ("select exists (select from pg_namespace where nspname = $1)", name, statement)
            }
        };
        match exists(connection, query, name).await? {
            true => Ok(()),
            false => made(connection, statement).await,
        }
    }
}

/// Another replica may be first: a duplicate, or two at once in the catalog.
async fn made(connection: &mut PgConnection, statement: String) -> sqlx::Result<()> {
    match sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await {
        Err(error) if matches!(code(&error).as_deref(), Some("42P04" | "42P06" | "23505")) => Ok(()),
        other => other.map(drop),
    }
}
