//! The end of a pool.

use greenroom_database::{DatabaseError, Driver};
use greenroom_database_postgres::{PgPool, PostgresDriver, sqlx};

use crate::{ask, cluster::cluster, config, open, settings};

#[tokio::test]
async fn a_closed_pool_leaves_no_connection_and_says_that_it_is_closed() {
    let database = settings(&config(cluster(), "")).for_plugin("closing").unwrap();
    let opened = PostgresDriver::default().open(database.clone()).await.unwrap();
    let pool: PgPool =
        opened.pool(std::any::TypeId::of::<PgPool>()).unwrap().downcast_ref().cloned().unwrap();
    sqlx::query("select 1").execute(&pool).await.unwrap();
    opened.close().await;
    let error = opened.explain(sqlx::query("select 1").execute(&pool).await.unwrap_err().into()).await;
    assert!(matches!(error, DatabaseError::Closed { .. }), "{error}");
    let other = open(&config(cluster(), ""), "watching").await.unwrap();
    let left = "select count(*)::text from pg_stat_activity where datname = 'backstage_plugin_closing'";
    // The server ends a session a moment after its client has said goodbye.
    while ask(&other, left).await != "0" {
        tokio::task::yield_now().await;
    }
}
