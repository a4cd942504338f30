//! Lists in pieces.

use greenroom_errors::Error;
use greenroom_http::HandlerResult;
use serde::{Deserialize, Serialize};

const MOST: usize = 1000;
const DEFAULT: usize = 200;

/// `?limit=…&cursor=…`.
#[derive(Deserialize)]
pub(crate) struct Asked {
    limit: Option<String>,
    cursor: Option<String>,
}

/// A piece of a list, and where the next one begins.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    /// `null` at the end.
    pub(crate) next_cursor: Option<String>,
}

impl Asked {
    /// The piece that was asked for.
    pub(crate) fn of<T>(&self, all: impl ExactSizeIterator<Item = T>) -> HandlerResult<Page<T>> {
        let number = |name: &str, said: &Option<String>, default, most| match said.as_deref() {
            None => Ok(default),
            Some(said) => said
                .parse()
                .ok()
                .filter(|said| (usize::from(name == "limit")..=most).contains(said))
                .ok_or_else(|| {
                    Error::input(format!(
                        "The parameter '{name}' is '{}', which it cannot be",
                        said.escape_default()
                    ))
                }),
        };
        let limit = number("limit", &self.limit, DEFAULT, MOST)?;
        let from = number("cursor", &self.cursor, 0, usize::MAX)?;
        let end = from.saturating_add(limit);
        let next_cursor = (end < all.len()).then(|| end.to_string());
        Ok(Page { items: all.skip(from).take(limit).collect(), next_cursor })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(limit: Option<&str>, cursor: Option<&str>) -> Option<(Vec<u32>, Option<String>)> {
        let asked = Asked { limit: limit.map(str::to_owned), cursor: cursor.map(str::to_owned) };
        asked.of(0..5).ok().map(|page| (page.items, page.next_cursor))
    }

    #[test]
    fn pieces_add_up_to_the_list() {
        assert_eq!(piece(None, None), Some(((0..5).collect(), None)));
        assert_eq!(piece(Some("2"), None), Some((vec![0, 1], Some("2".to_owned()))));
        assert_eq!(piece(Some("2"), Some("2")), Some((vec![2, 3], Some("4".to_owned()))));
        assert_eq!(piece(Some("2"), Some("4")), Some((vec![4], None)));
        assert_eq!(piece(None, Some("18446744073709551615")), Some((vec![], None)));
    }

    #[test]
    fn what_is_no_limit_or_cursor_is_refused() {
        for (limit, cursor) in
            [(Some("0"), None), (Some("1001"), None), (Some("x"), None), (None, Some("-1")), (None, Some(""))]
        {
            assert_eq!(piece(limit, cursor), None, "{limit:?} {cursor:?}");
        }
    }
}
