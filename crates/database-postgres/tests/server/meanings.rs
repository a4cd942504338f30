//! What errors of a real server are told as.

use greenroom_database::DatabaseError;
use greenroom_database_postgres::{PgPool, sqlx};

use crate::{cluster::cluster, config, open, run};

#[tokio::test]
async fn what_a_statement_may_not_do_is_its_own_fault_and_lets_others_in() {
    let admin = open(&config(cluster(), ""), "meanings").await.unwrap();
    run(&admin, "create role weak login password 'weak'; create table kept (id text)").await;
    let yaml =
        config(cluster(), "ensureExists: false").replace("admin, password: secret", "weak, password: weak");
    let client = open(&yaml, "meanings").await.unwrap();
    let pool: PgPool = client.pool().unwrap();
    for (wrong, words) in [
        ("select * from kept", "permission denied for table kept"),
        ("set work_mem to -5", "is outside the valid range"),
        ("set role no_such_role", "does not exist"),
    ] {
        let error = client.run(sqlx::raw_sql(wrong).execute(&pool)).await.unwrap_err();
        assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::Statement { .. })), "{error}");
        assert!(error.is_internal() && error.to_string().contains(words), "{error}");
    }
}

#[tokio::test]
async fn who_may_not_connect_is_refused_at_the_start_and_by_the_pool() {
    let admin = open(&config(cluster(), ""), "closed_to").await.unwrap();
    run(&admin, "create role stranger login password 'stranger'").await;
    let more = "ensureExists: false\nknexConfig: {pool: {acquireTimeoutMillis: 2000}}";
    let yaml = config(cluster(), more).replace("admin, password: secret", "stranger, password: stranger");
    let client = open(&yaml, "closed_to").await.unwrap();
    run(&admin, "revoke connect on database backstage_plugin_closed_to from public").await;
    let pool: PgPool = client.pool().unwrap();
    let error = client.explain(pool.acquire().await.unwrap_err()).await;
    assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::Refused { .. })), "{error}");
    let error = open(&yaml, "closed_to").await.unwrap_err();
    assert!(matches!(error, DatabaseError::Refused { .. }), "{error}");
    assert!(error.to_string().contains("permission denied for database"), "{error}");
}

#[tokio::test]
async fn what_cannot_be_done_beside_somebody_elses_transaction_may_be_tried_again() {
    let client = open(&config(cluster(), ""), "serial").await.unwrap();
    run(&client, "create table counts (n int); insert into counts values (0)").await;
    let pool: PgPool = client.pool().unwrap();
    let begin = "begin isolation level serializable";
    let (mut one, mut other) = (pool.begin_with(begin).await.unwrap(), pool.begin_with(begin).await.unwrap());
    let count = "select n from counts";
    sqlx::query(count).execute(&mut *other).await.unwrap();
    let add = "update counts set n = n + 1";
    sqlx::query(add).execute(&mut *one).await.unwrap();
    one.commit().await.unwrap();
    let error = client.run(sqlx::query(add).execute(&mut *other)).await.unwrap_err();
    assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::Locked { .. })), "{error}");
    assert_eq!(error.status(), 503);
}

#[tokio::test]
async fn a_statement_that_the_server_gives_up_is_told_as_slow() {
    let yaml = config(cluster(), "").replace("secret}", "secret, statement_timeout: 50}");
    let client = open(&yaml, "slow").await.unwrap();
    let pool: PgPool = client.pool().unwrap();
    let error = client.run(sqlx::query("select pg_sleep(60)").execute(&pool)).await.unwrap_err();
    assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::TimedOut { .. })), "{error}");
    assert!(error.to_string().contains("canceling statement due to statement timeout"), "{error}");
}

#[tokio::test]
async fn many_who_wait_in_vain_have_the_server_asked_once() {
    let more = "knexConfig: {pool: {max: 1, acquireTimeoutMillis: 1500}}";
    let client = open(&config(cluster(), more), "crowded").await.unwrap();
    let pool: PgPool = client.pool().unwrap();
    let mut held = pool.acquire().await.unwrap();
    // Each session that was begun is counted, when it has ended.
    let begun = async |held: &mut sqlx::PgConnection| -> i64 {
        sqlx::raw_sql("select pg_stat_clear_snapshot(), pg_stat_force_next_flush()")
            .execute(&mut *held)
            .await
            .unwrap();
        let query = "select sessions from pg_stat_database where datname = current_database()";
        sqlx::query_scalar(query).fetch_one(held).await.unwrap()
    };
    let before = begun(&mut held).await;
    let waits = async || client.run(pool.acquire()).await.unwrap_err();
    let all = (waits(), waits(), waits(), waits(), waits(), waits(), waits(), waits());
    let (a, b, c, d, e, f, g, h) = all;
    let (a, b, c, d, e, f, g, h) = tokio::join!(a, b, c, d, e, f, g, h);
    for error in [a, b, c, d, e, f, g, h] {
        assert!(matches!(DatabaseError::of(&error), Some(DatabaseError::Exhausted { .. })), "{error}");
    }
    // The one of the question is counted at its end, a moment later.
    while begun(&mut held).await == before {
        tokio::task::yield_now().await;
    }
    assert_eq!(begun(&mut held).await - before, 1);
}
