//! Makes a database and a schema, if they are missing.

use std::{collections::HashMap, sync::Arc, time::Duration};

use greenroom_database::{DatabaseError, Ensure, PluginDatabase, Postgres};
use parking_lot::Mutex;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use tokio::{sync::OnceCell, time::sleep};

use crate::{
    connect::{exists, options, quoted, take_on, within},
    errors::{self, code},
};

const TRIES: u32 = 3;
const BETWEEN: Duration = Duration::from_millis(100);

/// How long a server has to make something.
const MAKE: Duration = Duration::from_secs(60);

/// What is known to be there, by server and name. Who asks first makes it, and only those who want the same wait for that.
#[derive(Debug, Default)]
pub(crate) struct Ensured(Mutex<HashMap<String, Arc<OnceCell<()>>>>);

impl Ensured {
    /// Makes what the plugin is to have, unless it is known to be there.
    pub(crate) async fn ensure(
        &self,
        database: &PluginDatabase,
        postgres: &Postgres,
    ) -> Result<(), DatabaseError> {
        let Some(ensure) = &postgres.ensure else { return Ok(()) };
        let role = ensure.owner.as_deref();
        let failed = |what: String, error: &sqlx::Error| {
            database.not_ensured(what, errors::said(error), errors::is_away(error))
        };
        if let Some(name) = postgres.database.as_deref().filter(|_| ensure.database) {
            let known = self.0.lock().entry(format!("{postgres}/{name}")).or_default().clone();
            // The database that every server has.
            let admin = Postgres { database: Some("postgres".to_owned()), ..by(postgres, ensure) };
            let missing = Missing::Database(name);
            let made = known.get_or_try_init(|| again(&admin, role, &missing)).await;
            made.map_err(|error| failed(format!("'{name}'"), &error))?;
        }
        if let Some(name) = postgres.schema.as_deref().filter(|_| ensure.schema) {
            let missing = Missing::Schema { name, owner: role };
            let made = again(&by(postgres, ensure), role, &missing).await;
            made.map_err(|error| failed(format!("schema for plugin '{}'", database.plugin), &error))?;
        }
        Ok(())
    }
}

/// The same server, as the one who may make things.
fn by(postgres: &Postgres, ensure: &Ensure) -> Postgres {
    Postgres { user: ensure.user.clone(), password: ensure.password.clone(), ..postgres.clone() }
}

async fn again(admin: &Postgres, role: Option<&str>, missing: &Missing<'_>) -> sqlx::Result<()> {
    let (options, limit) = (options(admin), admin.connect_timeout);
    let mut tries = 0;
    loop {
        tries += 1;
        let made = async {
            let asked = async {
                let mut connection = options.connect().await?;
                // Who makes a database owns it, and may have tables in it.
                take_on(&mut connection, role, None).await?;
                let is_there = missing.is_there(&mut connection).await?;
                Ok((connection, is_there))
            };
            let (mut connection, is_there) = within(limit, asked).await?;
            if !is_there {
                within(MAKE, missing.make(&mut connection)).await?;
            }
            // What was made stays, whether or not the server hears of the end.
            let _ = within(limit, connection.close()).await;
            Ok(())
        };
        match made.await {
            // Who did not answer will not do so in a moment.
            Err(error) if tries >= TRIES || errors::is_timeout(&error) => return Err(error),
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
    async fn is_there(&self, connection: &mut PgConnection) -> sqlx::Result<bool> {
        let (query, name) = match *self {
            Self::Database(name) => ("select exists (select from pg_database where datname = $1)", name),
            Self::Schema { name, .. } => {
                ("select exists (select from pg_namespace where nspname = $1)", name)
            }
        };
        exists(connection, query, name).await
    }

    /// Another replica may be first: a duplicate, or two at once in the catalog.
    async fn make(&self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let statement = match *self {
            Self::Database(name) => format!("create database {}", quoted(name)),
            Self::Schema { name, owner } => {
                let owner =
                    owner.map(|owner| format!(" authorization {}", quoted(owner))).unwrap_or_default();
                format!("create schema {}{owner}", quoted(name))
            }
        };
        // The limit of a plugin's statements is not meant for it.
        sqlx::raw_sql("set statement_timeout = 0").execute(&mut *connection).await?;
        match sqlx::raw_sql(AssertSqlSafe(statement)).execute(connection).await {
            Err(error) if matches!(code(&error).as_deref(), Some("42P04" | "42P06" | "23505")) => Ok(()),
            other => other.map(drop),
        }
    }
}
