//! What is made where it is missing.

use greenroom_database::DatabaseError;
use greenroom_database_postgres::PostgresDriver;

use crate::{ask, cluster::cluster, config, open, open_by, run};

#[tokio::test]
async fn database_15_a_database_is_made_once_whoever_asks_first() {
    let yaml = config(cluster(), "");
    let driver = PostgresDriver::default();
    let (one, other, replica) =
        tokio::join!(open_by(&driver, &yaml, "born"), open_by(&driver, &yaml, "born"), open(&yaml, "born"));
    for client in [one.unwrap(), other.unwrap(), replica.unwrap()] {
        assert_eq!(ask(&client, "select current_database()::text").await, "backstage_plugin_born");
    }
    // What a process has made once it does not look for again.
    let admin = open(&config(cluster(), ""), "midwife").await.unwrap();
    run(&admin, "drop database backstage_plugin_born with (force)").await;
    let error = open_by(&driver, &yaml, "born").await.unwrap_err();
    assert!(error.to_string().ends_with("database \"backstage_plugin_born\" does not exist"), "{error}");
    open(&yaml, "born").await.unwrap();
}

#[tokio::test]
async fn the_limit_of_a_plugins_statements_is_none_for_making_its_database() {
    let yaml = config(cluster(), "").replace("secret}", "secret, statement_timeout: 2}");
    let made = open(&yaml, "hurried").await.unwrap();
    assert_eq!(ask(&made, "show statement_timeout").await, "2ms");
}

#[tokio::test]
async fn a_schema_that_nobody_makes_is_refused_by_name() {
    let more = "pluginDivisionMode: schema\nensureExists: false";
    let yaml = config(cluster(), more).replace("secret}", "secret, database: postgres}");
    let error = open(&yaml, "schemaless").await.unwrap_err();
    assert!(matches!(error, DatabaseError::Refused { .. }), "{error:?}");
    assert!(error.to_string().ends_with("schema \"schemaless\" is missing, or may not be used"), "{error}");
}

#[tokio::test]
async fn database_15_a_schema_is_made_for_its_owner_in_the_shared_database() {
    let admin = open(&config(cluster(), ""), "schemas").await.unwrap();
    run(&admin, "create role schema_owner; grant create on database postgres to schema_owner").await;
    let more = "pluginDivisionMode: schema\nschemaPrefix: bs_\nrole: schema_owner\nplugin:\n  a-b:\n    connection: {database: postgres}\n  c:\n    connection: {database: postgres}";
    for (id, schema) in [("c", "bs_c"), ("a-b", "bs_a-b")] {
        let client = open(&config(cluster(), more), id).await.unwrap();
        assert_eq!(ask(&client, "select current_schema()::text").await, schema);
        let owner =
            "select pg_get_userbyid(nspowner)::text from pg_namespace where nspname = current_schema()";
        assert_eq!(ask(&client, owner).await, "schema_owner");
    }
}

#[tokio::test]
async fn database_15_a_database_is_owned_by_the_role_that_has_tables_in_it() {
    let admin = open(&config(cluster(), ""), "maker").await.unwrap();
    run(&admin, "create role maker createdb").await;
    let client = open(&config(cluster(), "role: maker\nprefix: made_"), "maker").await.unwrap();
    run(&client, "create table notes (id text)").await;
    let owner = "select pg_get_userbyid(datdba)::text from pg_database where datname = current_database()";
    assert_eq!(ask(&client, owner).await, "maker");
}

#[tokio::test]
async fn database_15_what_cannot_be_made_is_told_in_backstages_words() {
    let yaml = config(cluster(), "").replace("secret", "wr0ng-one");
    let error = open(&yaml, "wrong").await.unwrap_err();
    assert!(matches!(error, DatabaseError::NotEnsured { .. }), "{error:?}");
    let text = error.to_string();
    let backstages = "Failed to connect to the database to make sure that 'backstage_plugin_wrong' exists, ";
    assert!(text.starts_with(backstages), "{text}");
    assert!(text.contains("password authentication failed for user \"admin\""), "{text}");
    let port = cluster().port;
    let whose =
        format!("(PostgreSQL at localhost:{port}, for plugin 'wrong' by `backend.database.connection`)");
    assert!(text.ends_with(&whose), "{text}");
    assert!(!text.contains("wr0ng-one"), "{text}");
}
