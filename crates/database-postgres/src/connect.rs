//! How one connects.

use std::{
    future::Future,
    io::{Error, ErrorKind},
    time::Duration,
};

use greenroom_database::{Postgres, Tls};
use sqlx::{
    AssertSqlSafe, PgConnection, Row,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::time::timeout;

/// Here sqlx reads the environment, and nothing else does. `PGUSER`, else the operating system's user, `PGPASSWORD` and `PGDATABASE`
/// count where the config does not say it; `PGOPTIONS`, `PGSSLROOTCERT`, `PGSSLCERT` and `PGSSLKEY` beside what it says.
///
/// Never printed: the `Debug` of the options shows the password.
pub(crate) fn options(postgres: &Postgres) -> PgConnectOptions {
    let mut options = PgConnectOptions::new_without_pgpass()
        .host(&postgres.host)
        .port(postgres.port)
        .application_name(&postgres.application_name)
        // Poolers refuse it, and servers since version 12 need it not.
        .extra_float_digits(None);
    // Even an empty list would be sent.
    if !postgres.options.is_empty() {
        options = options.options(postgres.options.iter().map(|(name, value)| (name, value)));
    }
    if let Some(user) = &postgres.user {
        options = options.username(user);
    }
    if let Some(password) = &postgres.password {
        options = options.password(password);
    }
    if let Some(database) = &postgres.database {
        options = options.database(database);
    }
    encrypted(options, &postgres.tls)
}

/// A place that no machine has, where each connection fails at once.
pub(crate) fn to_nowhere(options: &PgConnectOptions) -> PgConnectOptions {
    options.clone().socket("/dev/null/nowhere")
}

fn encrypted(options: PgConnectOptions, tls: &Tls) -> PgConnectOptions {
    let (mode, ca, client) = match tls {
        Tls::Off => (PgSslMode::Disable, None, None),
        Tls::Verified { ca, client } => (PgSslMode::VerifyFull, ca.as_ref(), client.as_ref()),
        Tls::Unverified { client } => (PgSslMode::Require, None, client.as_ref()),
    };
    let mut options = options.ssl_mode(mode);
    if let Some(ca) = ca {
        options = options.ssl_root_cert_from_pem(ca.clone().into_bytes());
    }
    if let Some((cert, key)) = client {
        options = options.ssl_client_cert_from_pem(cert).ssl_client_key_from_pem(key);
    }
    options
}

/// What is asked of a server outside of a pool, which would know a limit: one that stands still counts as away.
pub(crate) async fn within<T>(
    limit: Duration,
    asked: impl Future<Output = sqlx::Result<T>>,
) -> sqlx::Result<T> {
    timeout(limit, asked).await.unwrap_or_else(|_| {
        let text = format!("no answer within {} s", limit.as_secs_f64());
        Err(Error::new(ErrorKind::TimedOut, text).into())
    })
}

/// What each connection takes on. By statements and not by parameters of the connection, which poolers in between refuse.
pub(crate) async fn take_on(
    connection: &mut PgConnection,
    role: Option<&str>,
    schema: Option<&str>,
) -> sqlx::Result<()> {
    if let Some(role) = role {
        let statement = format!("set role {}", quoted(role));
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *connection).await?;
    }
    if let Some(schema) = schema {
        let statement = format!("set search_path to {}", quoted(schema));
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Whether a query for this name yields a row.
pub(crate) async fn exists(
    connection: &mut PgConnection,
    query: &'static str,
    name: &str,
) -> sqlx::Result<bool> {
    let row = sqlx::query(query).bind(name).fetch_one(connection).await?;
    row.try_get(0)
}

/// A name as SQL takes it, whatever is in it.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
