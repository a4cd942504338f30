//! The service as plugins meet it, in paused time: a minute here takes no time at all.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use greenroom_core::{Lifecycle, RootLifecycle, plugin};
use greenroom_database::{Client, Database, DatabaseError, Engine, Migration, Migrations};
use greenroom_logging::CaptureSink;
use tokio::time::sleep;

use crate::made_up::{MadeUp, MadeUpPool, Served, asks};

const MEMORY: &str = "backend: {database: {client: better-sqlite3, connection: ':memory:'}}";

fn told(lines: &CaptureSink) -> Vec<String> {
    let text = |line: serde_json::Value| format!("{} {}", line["level"], line["message"]).replace('"', "");
    lines.json().into_iter().map(text).collect()
}

#[tokio::test(start_paused = true)]
async fn database_14_a_plugin_has_one_client_and_its_module_the_same() {
    let driver = MadeUp::default();
    let twice = plugin("twice", |env| {
        env.register_init(async |database: Database| {
            let (one, other) = (database.client().await?, database.client().await?);
            let pools: (MadeUpPool, MadeUpPool) = (one.pool()?, other.pool()?);
            assert_eq!(pools, (MadeUpPool("twice".to_owned()), MadeUpPool("twice".to_owned())));
            Ok(())
        });
    });
    let module = greenroom_core::module("twice", "more", |env| {
        env.register_init(async |database: Database| {
            database.client().await?;
            Ok(())
        });
    });
    let (running, _) = driver.start_with(MEMORY, vec![twice, asks("other")], vec![module]).await;
    assert_eq!(driver.opened.load(SeqCst), 2, "one for each plugin");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn nothing_is_opened_for_who_does_not_ask() {
    let driver = MadeUp::default();
    let holds = plugin("holds", |env| env.register_init(async |_database: Database| Ok(())));
    let (running, lines) = driver.start("app: {}", vec![holds]).await;
    assert_eq!((driver.opened.load(SeqCst), told(&lines)), (0, vec![]));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn pools_close_after_all_that_may_still_use_them() {
    let driver = MadeUp::default();
    let story = driver.clone();
    let notes = plugin("notes", move |env| {
        env.register_init(async move |database: Database, own: Lifecycle, root: RootLifecycle| {
            database.client().await?;
            let (one, other) = (story.clone(), story.clone());
            own.add_shutdown_hook("save", async move || {
                one.story.lock().push("plugin saved".to_owned());
                Ok(())
            })?;
            root.add_shutdown_hook("flush", async move || {
                other.story.lock().push("root flushed".to_owned());
                Ok(())
            })
        });
    });
    let (running, _) = driver.start(MEMORY, vec![notes]).await;
    running.stop().await;
    assert_eq!(*driver.story.lock(), ["plugin saved", "root flushed", "notes closed"]);
}

#[tokio::test(start_paused = true)]
async fn database_13_an_outage_is_told_once_and_so_is_its_end() {
    let driver = MadeUp::default();
    let Served { running, lines, .. } = driver.start_served("{host: db}", "keepalive: true").await;
    let minutes = async |count: u64| sleep(Duration::from_secs(60 * count + 1)).await;
    minutes(2).await;
    assert_eq!((driver.pings.load(SeqCst), told(&lines)), (2, vec![]));
    driver.is_away.store(true, SeqCst);
    minutes(3).await;
    driver.is_away.store(false, SeqCst);
    minutes(3).await;
    let (checks, told): (Vec<_>, Vec<_>) =
        told(&lines).into_iter().partition(|line| line.contains("Health check"));
    assert_eq!(checks, ["warn Health check failed", "info Health check passes again"]);
    let [outage, end] = <[String; 2]>::try_from(told).unwrap();
    assert!(outage.starts_with("warn Database keepalive failed for plugin catalog, "), "{outage}");
    assert!(
        outage.contains("PostgreSQL at db:5432, for plugin 'catalog' by `backend.database.connection`"),
        "{outage}"
    );
    assert_eq!(end, "info Database of plugin catalog answers again");
    running.stop().await;
    let pings = driver.pings.load(SeqCst);
    minutes(5).await;
    assert_eq!(driver.pings.load(SeqCst), pings, "none after the stop");
}

#[tokio::test(start_paused = true)]
async fn database_13_nothing_is_asked_unless_the_config_wants_it() {
    let driver = MadeUp::default();
    let Served { running, .. } = driver.start_served("{host: db}", "").await;
    sleep(Duration::from_secs(600)).await;
    assert_eq!(driver.pings.load(SeqCst), 0);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn who_did_not_choose_memory_is_told_that_data_is_lost() {
    let warned = async |yaml: &str| {
        let (running, lines) = MadeUp::default().start(yaml, vec![asks("notes")]).await;
        running.stop().await;
        let lines: Vec<_> = lines.json().into_iter().filter(|line| line["level"] == "warn").collect();
        lines.into_iter().map(|line| line["key"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(warned("app: {}").await, ["backend.database.connection.directory"]);
    assert_eq!(warned(MEMORY).await, Vec::<String>::new(), "who writes it for a development knows it");
    assert_eq!(warned(&format!("{MEMORY} # production")).await.len(), 1);
    assert_eq!(warned("backend: {database: {client: sqlite3, connection: {directory: d}}}").await.len(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_failed_is_tried_again_by_the_next() {
    let driver = MadeUp::default();
    let told = driver.clone();
    let patient = plugin("patient", move |env| {
        env.register_init(async move |database: Database| {
            told.is_away.store(true, SeqCst);
            let error = database.client().await.unwrap_err();
            assert_eq!((error.name(), error.status()), ("ServiceUnavailableError", 503));
            assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::Unreachable { .. })), "{error}");
            told.is_away.store(false, SeqCst);
            database.client().await?;
            Ok(())
        });
    });
    driver.start(MEMORY, vec![patient]).await.0.stop().await;
    assert_eq!(driver.opened.load(SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn a_database_without_its_driver_is_told() {
    let postgres = plugin("notes", |env| {
        env.register_init(async |database: Database| {
            let error = database.client().await.unwrap_err();
            let expected =
                "Database client 'pg' of plugin 'notes' is PostgreSQL, which this program was built without";
            assert_eq!(error.to_string(), expected);
            Ok(())
        });
    });
    let yaml = "backend: {database: {client: pg, connection: {host: db}}}";
    MadeUp::default().start(yaml, vec![postgres]).await.0.stop().await;
}

#[tokio::test(start_paused = true)]
async fn database_18_tables_stay_as_they_are_where_migrations_are_skipped() {
    const ALL: Migrations = Migrations::new(&[Migration::new("0001", "select 1")]);
    let migrates = |id: &'static str| {
        plugin(id, |env| {
            env.register_init(async |database: Database| {
                database.client().await?.migrate(&ALL).await?;
                Ok(())
            });
        })
    };
    let applied = async |skip: &str| {
        let yaml = format!("backend: {{database: {{client: sqlite3, connection: ':memory:', {skip}}}}}");
        let plugins = vec![migrates("still"), migrates("moves")];
        let (running, lines) = MadeUp::default().start(&yaml, plugins).await;
        running.stop().await;
        let lines = lines.json().into_iter().filter(|line| line["migrations"] == "0001");
        let mut plugins: Vec<_> = lines.map(|line| line["plugin"].as_str().unwrap().to_owned()).collect();
        plugins.sort();
        plugins
    };
    assert_eq!(applied("plugin: {still: {skipMigrations: true}}").await, ["moves"]);
    assert_eq!(applied("skipMigrations: true, plugin: {moves: {skipMigrations: false}}").await, ["moves"]);
    assert_eq!(applied("skipMigrations: true").await, Vec::<String>::new());
    assert_eq!(applied("skipMigrations: false").await, ["moves", "still"]);
}

#[tokio::test(start_paused = true)]
async fn clients_of_the_portal_see_nothing_of_a_fault() {
    let sees = plugin("sees", |env| {
        env.register_init(async |database: Database| {
            let client: Client = database.client().await?;
            assert_eq!(client.engine(), Engine::Sqlite);
            let error = client.explain(std::io::Error::other("no such table: notes")).await;
            assert_eq!((error.name(), error.is_internal()), ("DatabaseError", true));
            assert!(
                error.to_string().starts_with("no such table: notes (SQLite at memory, for plugin 'sees'")
            );
            let wrong = client.pool::<String>().unwrap_err().to_string();
            assert!(
                wrong.starts_with(
                    "Plugin 'sees' asks for the pool `alloc::string::String`, and its database client is"
                ),
                "{wrong}"
            );
            Ok(())
        });
    });
    MadeUp::default().start(MEMORY, vec![sees]).await.0.stop().await;
}
