//! About how many bytes rows take, with their places in indexes: what is counted as they come and as they go.

/// A row of `rum_event`.
pub(crate) const OF_EVENT: &str = "cast(length(id) + length(session_id) + length(view_id) + length(name) + length(route) + length(detail) + 180 as bigint)";
/// A row of `rum_view`.
pub(crate) const OF_VIEW: &str =
    "cast(length(id) + length(session_id) + length(route) + length(path) + length(document) + 400 as bigint)";

/// What both come to, of a row that is about to be written: its texts, its document, and what it takes besides.
pub(crate) fn of_row(texts: &[&str], document: &[u8], besides: Besides) -> i64 {
    let characters: usize = texts.iter().map(|text| text.chars().count()).sum();
    i64::try_from(characters + document.len()).unwrap_or(i64::MAX).saturating_add(besides as i64)
}

/// What a row takes besides its texts.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Besides {
    Event = 180,
    View = 400,
}
