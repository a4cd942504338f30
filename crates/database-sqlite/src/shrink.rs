//! Gives back what a file does not need any more.

use sqlx::{Row, SqlitePool};

/// Gives back room that deleted rows have left in a file, up to this number of pages (of 4 KiB), and says how many there were. Takes the
/// connection that writes for as long: call it after a deletion, with few pages at a time, until it yields 0.
///
/// A file that SQLite or Greenroom made before it knew of this stays as long as it is, and 0 is said.
///
/// ```
/// use greenroom_database::Client;
/// use greenroom_database_sqlite::{SqlitePool, shrink, sqlx};
///
/// async fn forget(client: &Client) -> greenroom_errors::Result {
///     let pool: SqlitePool = client.pool()?;
///     client.run(sqlx::query("delete from notes where day < date('now', '-7 days')").execute(&pool)).await?;
///     while client.run(shrink(&pool, 1000)).await? > 0 {}
///     Ok(())
/// }
/// ```
///
/// # Errors
/// If it cannot be written.
pub async fn shrink(writer: &SqlitePool, most: u32) -> sqlx::Result<u64> {
    let mut connection = writer.acquire().await?;
    let pages = async |connection: &mut sqlx::SqliteConnection| -> sqlx::Result<i64> {
        Ok(sqlx::query("pragma page_count").fetch_one(connection).await?.get(0))
    };
    let before = pages(&mut connection).await?;
    let statement = format!("pragma incremental_vacuum({most})");
    // Each of its rows is a page.
    sqlx::query(sqlx::AssertSqlSafe(statement)).fetch_all(&mut *connection).await?;
    let after = pages(&mut connection).await?;
    Ok(u64::try_from(before - after).unwrap_or(0))
}
