//! What is checked of an open database, in paused time.

use std::{sync::atomic::Ordering::SeqCst, time::Duration};

use greenroom_config::RootConfig;
use greenroom_database::{DatabaseError, DatabaseSettings};
use greenroom_health::{HealthRegistry, Outcome};
use tokio::time::sleep;

use crate::made_up::{MadeUp, Served, asks};

const SERVER: &str = "{host: db, password: s3cret}";

async fn state_of(registry: &HealthRegistry) -> (Outcome, String) {
    let state = registry.states().into_iter().find(|state| state.name == "catalog.database").unwrap();
    let last = state.last.unwrap().check;
    (last.outcome, last.message.unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn a_database_that_was_opened_is_checked_and_none_else() {
    let driver = MadeUp::default();
    let holds = greenroom_core::plugin("holds", |env| {
        env.register_init(async |_: greenroom_database::Database| Ok(()));
    });
    let (running, _) = driver.start("app: {}", vec![asks("notes"), holds]).await;
    let registry = running.service::<HealthRegistry>().await.unwrap();
    let names: Vec<_> = registry.states().into_iter().map(|state| (state.name, state.readiness)).collect();
    assert_eq!(names, [("notes.database".to_owned(), false)]);
    sleep(Duration::from_secs(61)).await;
    assert!(driver.pings.load(SeqCst) >= 6, "a file is asked each time");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_cannot_be_opened_fails_with_its_place_until_it_can() {
    let driver = MadeUp::default();
    driver.is_away.store(true, SeqCst);
    let (give, mut given) = tokio::sync::mpsc::unbounded_channel();
    let catalog = greenroom_core::plugin("catalog", move |env| {
        env.register_init(async move |database: greenroom_database::Database| {
            database.client().await.unwrap_err();
            assert!(give.send(database).is_ok());
            Ok(())
        });
    });
    let yaml = "backend: {database: {client: better-sqlite3, connection: {directory: /data}}}";
    let (running, _) = driver.start(yaml, vec![catalog]).await;
    let (registry, database) =
        (running.service::<HealthRegistry>().await.unwrap(), given.recv().await.unwrap());
    sleep(Duration::from_secs(1)).await;
    let (outcome, message) = state_of(&registry).await;
    assert_eq!(outcome, Outcome::Fail);
    assert!(message.contains("catalog.sqlite") && message.contains("nobody there"), "{message}");
    assert_eq!(registry.failing(&[]).await, None, "information, unless somebody depends on it");
    database.require_for_readiness();
    assert_eq!(registry.failing(&[]).await.as_deref(), Some("catalog.database"));

    driver.is_away.store(false, SeqCst);
    database.client().await.unwrap();
    sleep(Duration::from_secs(30)).await;
    assert_eq!(state_of(&registry).await.0, Outcome::Pass);
    assert_eq!(registry.failing(&[]).await, None);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_is_asked_while_it_is_away_and_may_sleep_else() {
    let driver = MadeUp::default();
    let Served { running, client, .. } = driver.start_served(SERVER, "").await;
    let registry = running.service::<HealthRegistry>().await.unwrap();
    sleep(Duration::from_secs(60)).await;
    let passes = (Outcome::Pass, "not asked: it answered when it was last used".to_owned());
    assert_eq!((state_of(&registry).await, driver.pings.load(SeqCst)), (passes.clone(), 0));

    driver.is_away.store(true, SeqCst);
    client.ping().await.unwrap_err();
    sleep(Duration::from_secs(30)).await;
    let (outcome, message) = state_of(&registry).await;
    assert_eq!(outcome, Outcome::Fail);
    let whose =
        "PostgreSQL at db:5432, for plugin 'catalog' by `backend.database.connection`, cannot be reached";
    assert!(message.contains(whose) && !message.contains("s3cret"), "{message}");

    driver.is_away.store(false, SeqCst);
    sleep(Duration::from_secs(30)).await;
    let pings = driver.pings.load(SeqCst);
    sleep(Duration::from_secs(60)).await;
    assert_eq!((state_of(&registry).await, driver.pings.load(SeqCst)), (passes, pings));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn database_20_the_check_fails_at_once_when_nobody_is_let_in_and_for_as_long() {
    let driver = MadeUp::default();
    let Served { running, client, .. } = driver.start_served(SERVER, "").await;
    let registry = running.service::<HealthRegistry>().await.unwrap();
    let config = RootConfig::from_yaml("backend: {database: {client: pg, connection: {host: db}}}").unwrap();
    let database = DatabaseSettings::from_config(&config).unwrap().for_plugin("catalog").unwrap();
    for gone in [
        database.refused("database \"x\" does not exist"),
        database.unreachable("Connection refused"),
        database.not_ensured("'x'", "permission denied", false),
        database.timed_out("nothing was heard for 30 s"),
    ] {
        sleep(Duration::from_secs(30)).await;
        assert_eq!(state_of(&registry).await.0, Outcome::Pass, "{gone}");
        driver.is_away.store(true, SeqCst);
        client.run(async move { Err::<(), _>(gone) }).await.unwrap_err();
        sleep(Duration::from_millis(10)).await;
        assert_eq!(state_of(&registry).await.0, Outcome::Fail);
        sleep(Duration::from_secs(60)).await;
        let (outcome, message) = state_of(&registry).await;
        assert!(outcome == Outcome::Fail && message.contains("nobody there"), "{message}");
        driver.is_away.store(false, SeqCst);
    }
    let wrong = database.statement(std::io::Error::other("no such table"));
    sleep(Duration::from_secs(30)).await;
    let pings = driver.pings.load(SeqCst);
    client.run(async move { Err::<(), _>(wrong) }).await.unwrap_err();
    sleep(Duration::from_secs(30)).await;
    assert_eq!((state_of(&registry).await.0, driver.pings.load(SeqCst)), (Outcome::Pass, pings));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn readiness_fails_with_it_where_the_plugin_says_so_and_it_is_asked_then() {
    let driver = MadeUp::default();
    let Served { running, database, .. } = driver.start_served(SERVER, "").await;
    let registry = running.service::<HealthRegistry>().await.unwrap();
    driver.is_away.store(true, SeqCst);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(registry.failing(&[]).await, None, "information, unless somebody depends on it");
    database.require_for_readiness();
    sleep(Duration::from_secs(30)).await;
    assert_eq!(registry.failing(&[]).await.as_deref(), Some("catalog.database"));
    driver.is_away.store(false, SeqCst);
    sleep(Duration::from_secs(30)).await;
    assert_eq!(registry.failing(&[]).await, None);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn one_that_stands_still_is_told_with_its_place_before_the_check_is_given_up() {
    let driver = MadeUp::default();
    let Served { running, client, database, .. } = driver.start_served(SERVER, "").await;
    let registry = running.service::<HealthRegistry>().await.unwrap();
    database.require_for_readiness();
    driver.is_stalled.store(true, SeqCst);
    let error = client.ping().await.unwrap_err();
    assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::TimedOut { .. })), "{error}");
    sleep(Duration::from_secs(30)).await;
    let (_, message) = state_of(&registry).await;
    assert!(
        message.contains("PostgreSQL at db:5432") && message.contains("did not answer in time"),
        "{message}"
    );
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn ten_plugins_whose_server_is_away_have_one_cause_that_names_them() {
    let driver = MadeUp::default();
    driver.is_away.store(true, SeqCst);
    let ids = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
    let asking = |id: &'static str| {
        greenroom_core::plugin(id, |env| {
            env.register_init(async |database: greenroom_database::Database| {
                database.client().await.unwrap_err();
                Ok(())
            });
        })
    };
    let running = driver.start_away(SERVER, ids.map(asking).into()).await;
    let registry = running.service::<HealthRegistry>().await.unwrap();
    registry.settled().await;
    let causes = registry.causes();
    let [cause] = &*causes else { panic!("{causes:#?}") };
    assert_eq!(cause.dependency.as_ref().map(ToString::to_string).as_deref(), Some("postgresql db:5432"));
    assert_eq!(cause.plugins, ids);
    assert_eq!(cause.affects, ids.map(|id| format!("/api/{id}")));
    assert!(!format!("{causes:?}").contains("s3cret"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn readiness_may_be_asked_for_a_database_before_its_plugin_has_asked_for_it() {
    let driver = MadeUp::default();
    let holds = greenroom_core::plugin("holds", |env| {
        env.register_init(async |_: greenroom_database::Database| Ok(()));
    });
    let (running, _) = driver.start("greenroom: {health: {readiness: [holds.database]}}", vec![holds]).await;
    let registry = running.service::<HealthRegistry>().await.unwrap();
    assert_eq!((registry.states().len(), registry.failing(&[]).await), (0, None));
    running.stop().await;
}
