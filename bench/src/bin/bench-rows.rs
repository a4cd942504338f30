//! Inserts the rows of a store again, and does nothing else: `bench-rows <file> <new file> <rows in a transaction>`.
//!
//! The CPU time of the whole process for an event, in nanoseconds, goes to standard output. Sessions, views and groups are inserted in the
//! transactions of their events, as in the store, by one prepared statement each.

#![expect(clippy::print_stdout, reason = "a program for a benchmark")]

use std::env;
use std::error::Error;
use std::time::Duration;

use greenroom_database_sqlite::sqlx::{
    self, AssertSqlSafe, ConnectOptions, Connection, Row, SqliteConnection, TypeInfo, ValueRef,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteRow, SqliteSynchronous},
};
use rustix::time::{ClockId, clock_gettime};

const TABLES: [&str; 4] = ["rum_session", "rum_view", "rum_event", "rum_error_group"];

type Rows = Vec<Vec<Cell>>;

#[derive(Clone)]
enum Cell {
    None,
    Int(i64),
    Real(f64),
    Text(String),
    Bytes(Vec<u8>),
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [from, to, at_once] = &arguments[..] else {
        return Err("bench-rows <file> <new file> <rows in a transaction>".into());
    };
    let mut from = SqliteConnectOptions::new().filename(from).read_only(true).connect().await?;
    let mut to = SqliteConnectOptions::new()
        .filename(to)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .connect()
        .await?;
    let tables = "select sql from sqlite_master where tbl_name like 'rum%' and sql is not null";
    for sql in sqlx::query_scalar::<_, String>(tables).fetch_all(&mut from).await? {
        sqlx::query(AssertSqlSafe(sql)).execute(&mut to).await?;
    }
    let mut read = vec![];
    for table in TABLES {
        read.push(rows(&mut from, table).await?);
    }
    let events = (read[1].1.len() + read[2].1.len()) as u128;
    let transactions = events.div_ceil(at_once.parse::<u128>()?) as usize;
    let before = cpu();
    for number in 0..transactions {
        let mut transaction = to.begin_with("begin immediate").await?;
        for (sql, rows) in &read {
            let each = rows.len().div_ceil(transactions);
            for row in rows.iter().skip(number * each).take(each) {
                let query = row.iter().fold(sqlx::query(sql.0), |query, cell| match cell.clone() {
                    Cell::None => query.bind(None::<i64>),
                    Cell::Int(value) => query.bind(value),
                    Cell::Real(value) => query.bind(value),
                    Cell::Text(value) => query.bind(value),
                    Cell::Bytes(value) => query.bind(value),
                });
                query.execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
    }
    println!("{}", (cpu() - before).as_nanos() / events.max(1));
    Ok(())
}

/// A statement that is kept for as long as the process runs: it is one of four.
struct Statement(&'static str);

/// All rows of a table, and the statement that inserts one.
async fn rows(from: &mut SqliteConnection, table: &str) -> Result<(Statement, Rows), Box<dyn Error>> {
    let all = sqlx::query(AssertSqlSafe(format!("select * from {table}"))).fetch_all(from).await?;
    let columns = all.first().map_or(0, |row: &SqliteRow| row.columns().len());
    let places: Vec<_> = (1..=columns).map(|place| format!("${place}")).collect();
    let sql = format!("insert into {table} values ({}) on conflict do nothing", places.join(", "));
    let rows = all
        .iter()
        .map(|row| (0..columns).map(|column| cell(row, column)).collect())
        .collect::<Result<_, _>>()?;
    Ok((Statement(Box::leak(sql.into_boxed_str())), rows))
}

fn cell(row: &SqliteRow, column: usize) -> Result<Cell, sqlx::Error> {
    let raw = row.try_get_raw(column)?;
    let kind = raw.type_info().name().to_owned();
    Ok(match &*kind {
        _ if raw.is_null() => Cell::None,
        "INTEGER" => Cell::Int(row.try_get(column)?),
        "REAL" => Cell::Real(row.try_get(column)?),
        "BLOB" => Cell::Bytes(row.try_get(column)?),
        _ => Cell::Text(row.try_get(column)?),
    })
}

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or_default())
}
