//! The requests of a plugin that have begun last and have no answer: of one that stands still, they say what it was asked.

use std::collections::VecDeque;

use greenroom_context::Request as Named;
use http::{Uri, uri::PathAndQuery};
use parking_lot::Mutex;
use serde::Serialize;

/// So many are kept of a plugin, the last ones.
const KEPT: usize = 8;

/// As much is told of a path.
const LONGEST_PATH: usize = 200;

/// A request that has no answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Open {
    /// Its path without its query, at most 200 bytes of it.
    pub path: String,
    /// Its id.
    pub request_id: String,
}

/// Those of one plugin, each by its number.
#[derive(Default)]
pub(crate) struct LastBegun(Mutex<VecDeque<(u64, PathAndQuery, Named)>>);

impl LastBegun {
    /// One more has begun. Nothing is copied: it may end in a moment.
    pub(crate) fn begins(&self, number: u64, uri: &Uri, named: &Named) {
        let Some(path) = uri.path_and_query() else { return };
        let mut open = self.0.lock();
        if open.len() == KEPT {
            open.pop_front();
        }
        open.push_back((number, path.clone(), named.clone()));
    }

    /// It has an answer, or will get none.
    pub(crate) fn ends(&self, number: u64) {
        let mut open = self.0.lock();
        if let Some(place) = open.iter().rposition(|(known, ..)| *known == number) {
            open.remove(place);
        }
    }

    /// The last one that has begun.
    pub(crate) fn newest(&self) -> Option<Open> {
        let open = self.0.lock();
        let (_, path, named) = open.back()?;
        let path = path.path();
        let path = path[..path.floor_char_boundary(LONGEST_PATH)].to_owned();
        Some(Open { path, request_id: named.id().to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin(last: &LastBegun, number: u64, path: &str) {
        last.begins(number, &path.parse().unwrap(), &Named::new(Some(&format!("id-{number}")), None));
    }

    fn newest(last: &LastBegun) -> Option<(String, String)> {
        last.newest().map(|open| (open.path, open.request_id))
    }

    #[test]
    fn the_newest_without_an_answer_is_told_without_its_query() {
        let last = LastBegun::default();
        assert_eq!(newest(&last), None);
        begin(&last, 0, "/api/catalog/slow?token=secret");
        begin(&last, 1, "/api/catalog/fast");
        last.ends(1);
        assert_eq!(newest(&last), Some(("/api/catalog/slow".into(), "id-0".into())));
        last.ends(0);
        last.ends(0);
        assert_eq!(newest(&last), None);
    }

    #[test]
    fn of_many_the_last_ones_are_kept_and_a_long_path_is_cut() {
        let last = LastBegun::default();
        (0..1000).for_each(|number| begin(&last, number, &format!("/{}", "x".repeat(9000))));
        assert_eq!(last.0.lock().len(), KEPT);
        assert_eq!(newest(&last).unwrap().0.len(), LONGEST_PATH);
        (0..1000).for_each(|number| last.ends(number));
        assert_eq!(newest(&last), None);
    }
}
