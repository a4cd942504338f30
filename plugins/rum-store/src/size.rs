//! About how many bytes rows take, with their places in indexes: what is counted as they come and as they go.

/// A row of `rum_event`.
pub(crate) const OF_EVENT: &str = "cast(length(id) + length(session_id) + length(view_id) + length(name) + length(route) + length(detail) + 180 as bigint)";
/// A row of `rum_view`.
pub(crate) const OF_VIEW: &str =
    "cast(length(id) + length(session_id) + length(route) + length(path) + length(document) + 400 as bigint)";
