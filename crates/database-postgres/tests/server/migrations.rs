//! The tables of a plugin, step by step.

use greenroom_database::{DatabaseError, Migration, Migrations};

use crate::{ask, cluster::cluster, config, open};

const ALL: &[Migration] = &[
    Migration::by_engine(
        "0001",
        "not for SQLite",
        "create table notes (id serial primary key); insert into notes default values",
    ),
    Migration::new("0002", "insert into notes default values"),
    Migration::new("0003", "alter table notes add column author text; insert into notes default values"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn replicas_that_start_at_once_apply_each_migration_once() {
    let replica = async || {
        let client = open(&config(cluster(), ""), "replicas").await.unwrap();
        client.migrate(&Migrations::new(ALL)).await.unwrap();
        client
    };
    let (first, ..) = tokio::join!(replica(), replica(), replica());
    assert_eq!(ask(&first, "select count(*)::text from notes").await, "3");
    let ledger =
        "select string_agg(name, ' ' order by name) from greenroom_migrations where plugin = 'replicas'";
    assert_eq!(ask(&first, ledger).await, "0001 0002 0003");
}

#[tokio::test]
async fn the_limits_of_a_plugins_statements_are_none_for_its_migrations() {
    const SLOW: &[Migration] = &[Migration::new("0001", "select pg_sleep(0.5); create table slow (id text)")];
    let yaml = config(cluster(), "").replace("secret}", "secret, statement_timeout: 100}");
    let client = open(&yaml, "unhurried").await.unwrap();
    client.migrate(&Migrations::new(SLOW)).await.unwrap();
    assert_eq!(ask(&client, "show statement_timeout").await, "100ms", "those of statements stay");
}

#[tokio::test]
async fn what_comes_in_between_is_no_fault_of_the_migration() {
    let client = open(&config(cluster(), ""), "between").await.unwrap();
    const ENDED: &[Migration] = &[Migration::new("0001", "select pg_terminate_backend(pg_backend_pid())")];
    const STUCK: &[Migration] = &[Migration::new(
        "0001",
        "do $$ begin raise exception 'two wait for each other' using errcode = '40P01'; end $$",
    )];
    const FULL: &[Migration] =
        &[Migration::new("0001", "do $$ begin raise exception 'no space' using errcode = '53100'; end $$")];
    let error = async |all| client.migrate(&Migrations::new(all)).await.unwrap_err();
    let (ended, stuck, full) = (error(ENDED).await, error(STUCK).await, error(FULL).await);
    assert!(matches!(DatabaseError::of(&ended), Some(DatabaseError::Unreachable { .. })), "{ended}");
    assert!(matches!(DatabaseError::of(&stuck), Some(DatabaseError::Locked { .. })), "{stuck}");
    assert!(matches!(DatabaseError::of(&full), Some(DatabaseError::Full { .. })), "{full}");
    assert_eq!((ended.status(), stuck.status(), full.status()), (503, 503, 503));
}

#[tokio::test]
async fn plugins_of_one_database_have_ledgers_of_their_own() {
    let more = "plugin: {one: {connection: {database: both}}, two: {connection: {database: both}}}";
    let yaml = config(cluster(), more);
    const TWO: &[Migration] = &[Migration::new("0001", "create table two (id text)")];
    let (one, two) = (open(&yaml, "one").await.unwrap(), open(&yaml, "two").await.unwrap());
    let (of_one, of_two) = (Migrations::new(ALL), Migrations::new(TWO));
    let (done, too) = tokio::join!(one.migrate(&of_one), two.migrate(&of_two));
    done.unwrap();
    too.unwrap();
    assert_eq!(ask(&two, "select count(*)::text from greenroom_migrations").await, "4");
}

#[tokio::test]
async fn one_that_fails_leaves_nothing_and_one_that_was_changed_is_refused() {
    let client = open(&config(cluster(), ""), "failing").await.unwrap();
    const BAD: &[Migration] =
        &[ALL[0], Migration::new("0002", "create table more (id text); select * from nowhere")];
    let error = client.migrate(&Migrations::new(BAD)).await.unwrap_err().to_string();
    assert!(
        error.starts_with("Migration '0002' cannot be applied: relation \"nowhere\" does not exist"),
        "{error}"
    );
    assert_eq!(ask(&client, "select coalesce(to_regclass('more')::text, 'none')").await, "none");
    client.migrate(&Migrations::new(ALL)).await.unwrap();
    const CHANGED: &[Migration] = &[ALL[0], Migration::new("0002", "select 2"), ALL[2]];
    let error = client.migrate(&Migrations::new(CHANGED)).await.unwrap_err().to_string();
    assert!(error.starts_with("Migration '0002' was changed after it had been applied"), "{error}");
}
