//! Statements sent to the database, for as long as somebody waits for them.

use std::time::Duration;

use greenroom::errors::Error;
use greenroom_database_sql::{Row, Sql};

use crate::store::Store;

/// How long a question may take. What takes longer is waited for by nobody.
const MOST_OF_A_QUESTION: Duration = Duration::from_secs(10);

impl Store {
    /// A statement that begins like this.
    pub(super) fn sql(&self, text: &'static str) -> Sql {
        self.pool().sql(text)
    }

    /// All rows: a statement says itself how many there can be.
    pub(super) async fn rows<T: Row>(&self, sql: Sql) -> Result<Vec<T>, Error> {
        self.run_within(MOST_OF_A_QUESTION, self.pool().rows(sql)).await
    }

    /// The first row, of a statement that gives one at the most.
    pub(super) async fn row<T: Row>(&self, sql: Sql) -> Result<Option<T>, Error> {
        Ok(self.rows(sql).await?.into_iter().next())
    }
}
