//! The search for lines: those of the files that pages load tell nothing, and would be most of what is shown.

use greenroom::log_store::{Line, LineQuery, Lines, LogStore};

/// Below this path are the files of pages.
const FILES: &str = "/.greenroom/assets/";

/// How often it is searched on for those that were left out.
const ROUNDS: usize = 8;

/// What was found, and how many lines were left out of it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) lines: Lines,
    pub(super) left_out: usize,
}

/// All that is wanted.
pub(super) fn all(store: &LogStore, query: &LineQuery) -> Found {
    Found { lines: store.lines(query), left_out: 0 }
}

/// The same without requests for files.
pub(super) fn without_files(store: &LogStore, mut query: LineQuery) -> Found {
    let (limit, mut left_out) = (query.limit, 0);
    let mut take = |lines: &mut Vec<Line>| {
        let before = lines.len();
        lines.retain(|line| !is_of_file(line));
        left_out += before - lines.len();
    };
    let mut found = store.lines(&query);
    take(&mut found.lines);
    for _ in 0..ROUNDS {
        let missing = limit - found.lines.len();
        let Some(next) = found.next.filter(|_| missing > 0) else { break };
        (query.before, query.limit) = (Some(next), missing);
        let mut older = store.lines(&query);
        take(&mut older.lines);
        older.lines.append(&mut found.lines);
        (found.lines, found.next) = (older.lines, older.next);
    }
    Found { lines: found, left_out }
}

fn is_of_file(line: &Line) -> bool {
    let text = |key| line.fields.get(key).and_then(|value| value.as_str());
    text("type") == Some("incomingRequest") && text("url").is_some_and(|url| url.starts_with(FILES))
}
