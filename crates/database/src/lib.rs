//! The database service: each plugin gets a database of its own, as `backend.database` says.
//!
//! ```
//! use greenroom_core::plugin;
//! use greenroom_database::{Database, Migration, Migrations};
//!
//! const MIGRATIONS: Migrations = Migrations::new(&[Migration::new(
//!     "0001-notes",
//!     "create table notes (id text primary key, body text not null)",
//! )]);
//!
//! plugin("notes", |env| {
//!     env.register_init(async |database: Database| {
//!         let client = database.client().await?;
//!         client.migrate(&MIGRATIONS).await?;
//!         // With a driver: `client.pool::<greenroom_database_sqlite::SqlitePool>()?`
//!         Ok(())
//!     });
//! });
//! ```
//!
//! A client is made when a plugin first asks for it, and once per plugin. What it is made of is a [`Driver`]'s matter: SQLite and
//! PostgreSQL are crates of their own, so that only who uses one compiles it. On the way through this crate: [`DatabaseSettings`]
//! reads the config, [`DatabaseSettings::for_plugin`] says what is meant for one plugin, a driver opens it, and [`Client`] is what the
//! plugin holds.
//!
//! How long statements take and how full pools are is told as metrics (`measured.rs`).
//!
//! This crate knows no driver and speaks no SQL.

mod away;
mod client;
mod connection;
mod driver;
mod error;
mod health;
mod keepalive;
mod keys;
mod measured;
mod migration;
mod next_step;
mod pool;
mod pools;
mod server;
mod service;
mod session;
mod settings;
mod target;
mod tls;
mod url;

use std::{future::Future, pin::Pin};

pub use crate::{
    client::Client,
    driver::{DatabaseDriver, Driver, OpenDatabase},
    error::{DatabaseError, Whose},
    measured::{DatabaseMetrics, PoolState, StatementListener},
    migration::{Applied, Migration, Migrations},
    pool::PoolSettings,
    service::{Database, DatabaseService},
    settings::{DatabaseSettings, PluginDatabase},
    target::{Engine, Ensure, Postgres, Sqlite, Target},
    tls::Tls,
};

/// A future in a box.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The config keys that this crate reads, as a JSON Schema.
pub const CONFIG_SCHEMA: &str = include_str!("../config.schema.json");
