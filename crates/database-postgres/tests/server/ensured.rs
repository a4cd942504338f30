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
