//! A lost server is told from a pool whose connections are all in use.

use greenroom_database::DatabaseError;
use greenroom_database_postgres::{PgPool, PostgresDriver, sqlx};

use crate::{
    ask,
    cluster::{Cluster, cluster},
    config, open, open_by,
};

#[tokio::test]
async fn connections_that_are_all_in_use_are_told_with_the_key_of_their_number() {
    let more = "plugin: {busy: {knexConfig: {pool: {max: 2, acquireTimeoutMillis: 2000}}}}";
    let client = open(&config(cluster(), more), "busy").await.unwrap();
    let pool: PgPool = client.pool().unwrap();
    let _all = [pool.acquire().await.unwrap(), pool.acquire().await.unwrap()];
    let error = client.explain(pool.acquire().await.unwrap_err()).await;
    assert_eq!((error.name(), error.status()), ("ServiceUnavailableError", 503));
    assert!(
        matches!(DatabaseError::of(&error), Some(DatabaseError::Exhausted { connections: 2, .. })),
        "{error}"
    );
    let key = "all connections are in use (2, by `backend.database.plugin.busy.knexConfig.pool.max`): none was free within 2 s";
    assert!(error.to_string().contains(key), "{error}");
}

#[tokio::test]
async fn a_server_that_is_gone_is_told_and_found_again() {
    let own = Cluster::start();
    let yaml = config(&own, "knexConfig: {pool: {acquireTimeoutMillis: 2000}}");
    let client = open(&yaml, "notes").await.unwrap();
    let pool: PgPool = client.pool().unwrap();
    let mut held = pool.acquire().await.unwrap();
    own.stop();

    let is_lost = |error: &greenroom_errors::Error| {
        assert!(matches!(DatabaseError::of(error), Some(DatabaseError::Unreachable { .. })), "{error}");
        let whose = format!(
            "PostgreSQL at localhost:{}, for plugin 'notes' by `backend.database.connection`, cannot be reached",
            own.port
        );
        assert!(error.to_string().contains(&whose), "{error}");
    };
    let within = sqlx::query("select 1").execute(&mut *held).await.unwrap_err();
    is_lost(&client.explain(within).await);
    drop(held);
    is_lost(&client.explain(pool.acquire().await.unwrap_err()).await);
    is_lost(&client.ping().await.unwrap_err());
    let new = open_by(&PostgresDriver::default(), &config(&own, "ensureExists: false"), "notes").await;
    is_lost(&new.unwrap_err().into());

    let ensuring = open(&yaml, "notes").await.unwrap_err();
    assert!(matches!(ensuring, DatabaseError::NotEnsured { is_away: true, .. }), "{ensuring}");
    assert_eq!(greenroom_errors::Error::from(ensuring).status(), 503);

    own.start_again();
    client.ping().await.unwrap();
    assert_eq!(ask(&client, "select current_database()::text").await, "backstage_plugin_notes");
}

#[tokio::test]
async fn a_database_that_nobody_makes_is_refused_by_name() {
    let error = open(&config(cluster(), "ensureExists: false"), "unborn").await.unwrap_err();
    assert!(matches!(error, DatabaseError::Refused { .. }), "{error:?}");
    assert!(error.to_string().ends_with("database \"backstage_plugin_unborn\" does not exist"), "{error}");
}
