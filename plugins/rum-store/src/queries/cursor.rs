//! Where a list goes on: the key of the last row that was told. Clients get it as a text that they only give back.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use greenroom::errors::Error;
use greenroom_database_sql::Sql;

/// The most rows that a list tells at once.
pub const MOST_ROWS: usize = 200;
/// The longest cursor that is looked at.
const MOST_OF_A_CURSOR: usize = 2048;

/// A number, by which the list is sorted, and the id that tells rows apart whose number is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    pub(super) number: i64,
    pub(super) id: String,
}

impl Cursor {
    pub(super) fn new(number: i64, id: &str) -> Self {
        Self { number, id: id.to_owned() }
    }

    /// Goes on with what is behind the last row, the greatest number first, and with one row more than are asked for.
    pub(super) fn older(
        after: Option<&Self>,
        [number, id]: [&'static str; 2],
        sql: Sql,
        limit: usize,
    ) -> Sql {
        let sql = match after {
            None => sql,
            Some(Self { number: last, id: last_id }) => sql
                .then(" and (")
                .then(number)
                .then(", ")
                .then(id)
                .then(") < (")
                .bind(*last)
                .then(", ")
                .bind(&**last_id)
                .then(")"),
        };
        let sql = sql.then(" order by ").then(number).then(" desc, ").then(id);
        sql.then(" desc limit ").bind(Self::one_more(limit))
    }

    pub(super) fn one_more(limit: usize) -> i64 {
        i64::try_from(limit.clamp(1, MOST_ROWS) + 1).unwrap_or(i64::MAX)
    }

    /// As a client gets it.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(format!("{} {}", self.number, self.id))
    }

    /// Of what a client gives back.
    ///
    /// # Errors
    /// If it is none that was given.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let known = || {
            let bytes =
                (text.len() <= MOST_OF_A_CURSOR).then(|| URL_SAFE_NO_PAD.decode(text).ok()).flatten()?;
            let (number, id) = std::str::from_utf8(&bytes).ok()?.split_once(' ')?;
            let id = (!id.contains('\0')).then(|| id.to_owned())?;
            Some(Self { number: number.parse().ok()?, id })
        };
        known()
            .ok_or_else(|| Error::input("`cursor` is none that a list has given: leave it out to begin anew"))
    }
}

/// Some rows of a list, and where it goes on.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// In the list's order.
    pub rows: Vec<T>,
    /// None at the end.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Of one row more than were asked for, by which the end is known.
    pub(super) fn of(mut rows: Vec<T>, limit: usize, key: impl Fn(&T) -> Cursor) -> Self {
        let limit = limit.clamp(1, MOST_ROWS);
        let goes_on = rows.len() > limit;
        rows.truncate(limit);
        Self { next: rows.last().filter(|_| goes_on).map(key), rows }
    }

    pub(super) fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(change).collect(), next: self.next }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_was_given_is_known_again(number: i64, id in "[^\0]{0,200}") {
            let cursor = Cursor::new(number, &id);
            prop_assert_eq!(Cursor::parse(&cursor.text()).unwrap(), cursor);
        }

        #[test]
        fn any_other_text_is_refused_by_name(text in ".*") {
            if let Err(error) = Cursor::parse(&text) {
                prop_assert!(error.message().starts_with("`cursor`"));
            }
        }
    }

    #[test]
    fn a_list_ends_where_there_is_no_row_more() {
        let page = |rows: &[i64], limit| Page::of(rows.to_vec(), limit, |row| Cursor::new(*row, ""));
        assert_eq!(page(&[3, 2, 1], 2), Page { rows: vec![3, 2], next: Some(Cursor::new(2, "")) });
        assert_eq!(page(&[3, 2], 2), Page { rows: vec![3, 2], next: None });
    }
}
