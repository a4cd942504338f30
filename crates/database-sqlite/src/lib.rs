//! SQLite for the database service: files, or memory.
//!
//! ```
//! use greenroom_database::{Client, Database};
//! use greenroom_database_sqlite::{SqlitePool, sqlx};
//!
//! async fn remember(client: &Client, note: &str) -> greenroom_errors::Result {
//!     let pool: SqlitePool = client.pool()?;
//!     client.run(sqlx::query("insert into notes (body) values (?)").bind(note).execute(&pool)).await?;
//!     Ok(())
//! }
//! ```
//!
//! A file is in WAL mode, with foreign keys held and `synchronous = NORMAL`: what was committed last may be lost with the machine's
//! power, never with the process. **One connection writes**, the [`SqlitePool`]: writers of one process wait for each other in its
//! queue, and those of other processes for up to 5 s. Long reads go through [`Readers`], which hold up nobody.
//!
//! Who writes often writes many rows in one transaction of the writer (`pool.begin()`), asks nobody else while it is open, and reads
//! through [`Readers`], lists and sums alike. A reader sees what was committed when its statement began, and a read of many
//! seconds lets the write-ahead log grow meanwhile. What deleted rows leave is used again by new ones; [`shrink`] gives it back to the disk.
//!
//! In memory there is one connection for everything, so that all see one database, and one more that keeps it.

mod driver;
mod errors;
mod migrate;
mod open;
mod shrink;

use greenroom_core::ServiceFactory;
use greenroom_database::DatabaseDriver;

pub use sqlx::{self, SqlitePool};

pub use crate::{driver::SqliteDriver, open::Readers, shrink::shrink};

/// The driver, as a backend adds it.
///
/// ```
/// use greenroom_core::Backend;
///
/// Backend::new([]).add(greenroom_database_sqlite::driver());
/// ```
pub fn driver() -> ServiceFactory {
    DatabaseDriver::factory(SqliteDriver)
}
