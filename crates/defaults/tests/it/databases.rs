//! `core.database` in a backend with all defaults.

use greenroom_core::{Backend, Plugin, plugin};
use greenroom_database::Database;
use greenroom_defaults::create_backend_in;
use greenroom_logging::{CaptureSink, LogEnvironment};

use crate::support::{logger_to, surroundings, written};

/// A backend by an `app-config.yaml` with this below `backend.database`, and the directory of the file.
fn backend(database: &str) -> (Backend, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let yaml = format!("backend:\n  listen: 127.0.0.1:0\n  database:\n{database}");
    let log = LogEnvironment::default();
    let surroundings = surroundings(written(dir.path(), &yaml, &[]), log.clone());
    (create_backend_in(surroundings).add(logger_to(CaptureSink::new(), log)), dir)
}

fn asks() -> Plugin {
    plugin("asks", |env| {
        env.register_init(async |database: Database| {
            database.client().await?.ping().await?;
            Ok(())
        });
    })
}

fn quiet() -> Plugin {
    plugin("quiet", |env| env.register_init(async || Ok(())))
}

#[tokio::test]
async fn a_plugin_may_ask_for_either_database() {
    let (sqlite, _dir) = backend("    client: better-sqlite3\n    connection: ':memory:'\n");
    sqlite.add(asks()).start().await.unwrap().stop().await;

    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    drop(taken);
    let yaml =
        format!("    client: pg\n    connection: {{host: 127.0.0.1, port: {port}, password: s3cret-word}}\n");
    let (postgres, _dir) = backend(&yaml);
    let error = postgres.add(asks()).start().await.unwrap_err().to_string();
    let backstages = "Failed to connect to the database to make sure that 'backstage_plugin_asks' exists, Connection refused";
    assert!(error.contains(backstages), "{error}");
    assert!(error.contains(&format!("PostgreSQL at 127.0.0.1:{port}, for plugin 'asks'")), "{error}");
    assert!(!error.contains("s3cret-word"), "{error}");
}

#[tokio::test]
async fn a_database_that_is_not_here_fails_only_who_asks_for_it() {
    let mysql = "    client: mysql2\n    connection: {}\n";
    let (shared, _dir) = backend(mysql);
    shared.add(quiet()).start().await.unwrap().stop().await;
    let (asked, _dir) = backend(mysql);
    let error = asked.add(quiet()).add(asks()).start().await.unwrap_err().to_string();
    let expected =
        "Unsupported database client type 'mysql2' specified for plugin 'asks' (app-config.yaml:4:13)";
    assert!(error.contains(expected), "{error}");
}

#[tokio::test]
async fn what_nobody_could_use_fails_the_start_with_its_place() {
    let (wrong, _dir) = backend("    client: pg\n    connection: {port: many}\n    keepalive: sometimes\n");
    let error = wrong.add(quiet()).start().await.unwrap_err();
    let told: Vec<_> = error.faults().iter().map(|fault| fault.error.to_string()).collect();
    for place in ["app-config.yaml:5:24", "app-config.yaml:6:16"] {
        assert!(told.iter().any(|fault| fault.contains(place)), "{told:?}");
    }
}
