//! A lost server is told from a pool whose connections are all in use.

use greenroom_database::DatabaseError;
use greenroom_database_postgres::{PgPool, PostgresDriver, sqlx};

use crate::{
    ask,
    cluster::{Cluster, cluster},
    config, open, open_by, run,
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

#[tokio::test]
async fn database_20_a_database_that_is_gone_is_told_until_it_is_back() {
    let admin = open(&config(cluster(), ""), "renames").await.unwrap();
    let client = open(&config(cluster(), ""), "renamed").await.unwrap();
    let pool: PgPool = client.pool().unwrap();
    let used = async || client.run(sqlx::query("select 1").execute(&pool)).await;
    used().await.unwrap();
    run(
        &admin,
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = 'backstage_plugin_renamed'",
    )
    .await;
    run(&admin, "alter database backstage_plugin_renamed rename to gone").await;
    for _ in 0..2 {
        for error in [used().await.unwrap_err(), client.ping().await.unwrap_err()] {
            assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::Refused { .. })), "{error}");
            assert!(error.to_string().contains("\"backstage_plugin_renamed\" does not exist"), "{error}");
        }
    }
    run(&admin, "alter database gone rename to backstage_plugin_renamed").await;
    used().await.unwrap();
    client.ping().await.unwrap();
}

#[tokio::test]
async fn database_20_a_schema_that_is_gone_is_told_until_it_is_back() {
    let yaml = config(cluster(), "pluginDivisionMode: schema");
    let client = open(&yaml.replace("secret}", "secret, database: postgres}"), "moved").await.unwrap();
    let pool: PgPool = client.pool().unwrap();
    let used = async || client.run(sqlx::query("select * from notes").execute(&pool)).await;
    let error = used().await.unwrap_err();
    assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::Statement { .. })), "{error}");
    run(&client, "create table notes (id text)").await;
    used().await.unwrap();
    run(&client, "alter schema moved rename to elsewhere").await;
    let error = loop {
        // What was just known of the schema holds for a second.
        match DatabaseError::of(&used().await.unwrap_err()) {
            Some(DatabaseError::Statement { .. }) => tokio::task::yield_now().await,
            other => break other.cloned().unwrap(),
        }
    };
    assert!(matches!(error, DatabaseError::Refused { .. }), "{error}");
    assert!(error.to_string().ends_with("schema \"moved\" is missing, or may not be used"), "{error}");
    client.ping().await.unwrap_err();
    run(&client, "alter schema elsewhere rename to moved").await;
    used().await.unwrap();
    client.ping().await.unwrap();
}
