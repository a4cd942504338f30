//! PostgreSQL for the database service.
//!
//! ```
//! use greenroom_database::Client;
//! use greenroom_database_postgres::{PgPool, sqlx};
//!
//! async fn remember(client: &Client, note: &str) -> greenroom_errors::Result {
//!     let pool: PgPool = client.pool()?;
//!     client.run(sqlx::query("insert into notes (body) values ($1)").bind(note).execute(&pool)).await?;
//!     Ok(())
//! }
//! ```
//!
//! What is asked goes by [`Client::run`](greenroom_database::Client::run), which bounds it: sqlx sets no TCP keepalive, and the server
//! holds the limits that the config names only as long as it is there. Nobody prints `pool.connect_options()`: it shows the password.
//!
//! On the way of a plugin to its pool: `ensure.rs` makes the database and the schema, `connect.rs` says how one connects,
//! `open.rs` tries it once and holds the pool, `migrate.rs` takes the steps of the plugin's tables, `errors.rs` knows what it means
//! when something fails.

mod connect;
mod driver;
mod ensure;
mod errors;
mod migrate;
mod open;

use greenroom_core::ServiceFactory;
use greenroom_database::DatabaseDriver;

pub use sqlx::{self, PgPool};

pub use crate::driver::PostgresDriver;

/// The driver, as a backend adds it.
///
/// ```
/// use greenroom_core::Backend;
///
/// Backend::new([]).add(greenroom_database_postgres::driver());
/// ```
pub fn driver() -> ServiceFactory {
    DatabaseDriver::factory(PostgresDriver::default())
}
