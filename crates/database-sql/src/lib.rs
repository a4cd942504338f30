//! SQL that SQLite and PostgreSQL both read, for a plugin that keeps data on either.
//!
//! ```
//! use greenroom_database::Client;
//! use greenroom_database_sql::{Bind, Insert, Pool, Table, row};
//!
//! row! {
//!     struct Note { id: i64, body: String }
//! }
//!
//! impl Insert for Note {
//!     const TABLE: Table = Table { name: "note", columns: &["id", "body"], on_conflict: "on conflict (id) do nothing" };
//!
//!     fn binds(self) -> Vec<Bind> {
//!         vec![self.id.into(), self.body.into()]
//!     }
//! }
//!
//! async fn keep(client: &Client, notes: Vec<Note>) -> greenroom_errors::Result<Vec<Note>> {
//!     let pool = Pool::of(client)?;
//!     client.run(async {
//!         let mut transaction = pool.begin().await?;
//!         transaction.insert(notes).await?;
//!         transaction.commit().await
//!     }).await?;
//!     let newest = pool.sql("select id, body from note where id > ").bind(7).then(" order by id desc limit 10");
//!     Ok(client.run(pool.rows(newest)).await?)
//! }
//! ```
//!
//! A statement is a text that stands in the program; values are only ever bound ([`Sql`]). Where the engines differ, it says both
//! ([`Sql::by_engine`]). Who needs one engine alone uses its driver's pool and `sqlx`.

#[cfg(not(any(feature = "postgres", feature = "sqlite")))]
compile_error!("greenroom-database-sql needs an engine: its feature `postgres`, `sqlite`, or both");

mod bind;
mod insert;
mod pool;
mod row;
mod sql;
mod transaction;

pub use greenroom_database::Engine;
pub use sqlx;

pub use crate::{
    bind::Bind,
    insert::{Insert, Table, pieces},
    pool::Pool,
    row::Row,
    sql::Sql,
    transaction::Transaction,
};
