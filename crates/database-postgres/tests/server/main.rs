//! The driver against a real server. Tests named `database_<n>_…` hold the rules of `docs/contract/database.md`.

mod closing;
mod cluster;
mod ensured;
mod environment;
mod faults;
mod meanings;
mod measured;
mod migrations;
mod processes;
mod sessions;
mod stalls;

use std::fmt::Write;

use greenroom_config::RootConfig;
use greenroom_database::{Client, DatabaseError, DatabaseSettings, Driver};
use greenroom_database_postgres::{PgPool, PostgresDriver, sqlx};
use greenroom_logging::{CaptureSink, Logger, RootLogger};

use crate::cluster::Cluster;

/// `backend.database` as a list of lines of YAML, below which `more` is added with an indent of four.
fn config(cluster: &Cluster, more: &str) -> String {
    let port = cluster.port;
    let mut yaml = format!(
        "backend:\n  database:\n    client: pg\n    connection: {{host: localhost, port: {port}, user: admin, password: secret}}\n"
    );
    for line in more.lines() {
        writeln!(yaml, "    {line}").unwrap();
    }
    yaml
}

fn settings(yaml: &str) -> DatabaseSettings {
    DatabaseSettings::from_config(&RootConfig::from_yaml(yaml).unwrap()).unwrap()
}

/// What a plugin gets by this config, as if in a process of its own.
async fn open(yaml: &str, plugin: &str) -> Result<Client, DatabaseError> {
    open_by(&PostgresDriver::default(), yaml, plugin).await
}

async fn open_by(driver: &PostgresDriver, yaml: &str, plugin: &str) -> Result<Client, DatabaseError> {
    let database = settings(yaml).for_plugin(plugin).unwrap();
    let logger = RootLogger::builder().sink(CaptureSink::new()).build();
    Ok(Client::new(driver.open(database.clone()).await?, database, Logger::clone(&logger)))
}

/// One value of one row.
async fn ask(client: &Client, query: &'static str) -> String {
    let pool: PgPool = client.pool().unwrap();
    sqlx::query_scalar(query).fetch_one(&pool).await.unwrap()
}

/// Has something done.
async fn run(client: &Client, statements: &'static str) {
    let pool: PgPool = client.pool().unwrap();
    sqlx::raw_sql(statements).execute(&pool).await.unwrap();
}
