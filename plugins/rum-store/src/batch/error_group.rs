//! Errors that are one, as far as a batch tells of them.

use std::sync::Arc;

use greenroom_database_sql::{Bind, Insert, Table};

use crate::group::Seen;

#[derive(Clone, Debug)]
pub(crate) struct ErrorGroup {
    pub(crate) fingerprint: String,
    pub(crate) fingerprint_version: i64,
    pub(crate) service: Option<Arc<str>>,
    pub(crate) kind: Option<Arc<str>>,
    pub(crate) message: Arc<str>,
    pub(crate) culprit: Option<Arc<str>>,
    pub(crate) seen: Seen,
}

impl ErrorGroup {
    /// Of the same fingerprint.
    pub(super) fn join(&mut self, other: &Self) {
        self.seen = self.seen.also(other.seen);
    }
}

impl Insert for ErrorGroup {
    /// As [`Seen::also`] has it.
    const TABLE: Table = Table {
        name: "rum_error_group",
        columns: &[
            "fingerprint",
            "fingerprint_version",
            "service",
            "type",
            "message",
            "culprit",
            "first_ms",
            "last_ms",
            "back_ms",
            "away_ms",
        ],
        // 86400000 is `AWAY_MS`.
        on_conflict: "on conflict (fingerprint) do update set \
            back_ms = case when excluded.last_ms >= rum_error_group.last_ms then coalesce(excluded.back_ms, \
                    case when excluded.first_ms - rum_error_group.last_ms >= 86400000 then excluded.first_ms end, \
                    rum_error_group.back_ms) \
                else coalesce(rum_error_group.back_ms, \
                    case when rum_error_group.first_ms - excluded.last_ms >= 86400000 then rum_error_group.first_ms end, \
                    excluded.back_ms) end, \
            away_ms = case when excluded.last_ms >= rum_error_group.last_ms then coalesce(excluded.away_ms, \
                    case when excluded.first_ms - rum_error_group.last_ms >= 86400000 then excluded.first_ms - rum_error_group.last_ms end, \
                    rum_error_group.away_ms) \
                else coalesce(rum_error_group.away_ms, \
                    case when rum_error_group.first_ms - excluded.last_ms >= 86400000 then rum_error_group.first_ms - excluded.last_ms end, \
                    excluded.away_ms) end, \
            first_ms = case when excluded.first_ms < rum_error_group.first_ms then excluded.first_ms else rum_error_group.first_ms end, \
            last_ms = case when excluded.last_ms > rum_error_group.last_ms then excluded.last_ms else rum_error_group.last_ms end",
    };

    fn binds(self) -> Vec<Bind> {
        vec![
            (&*self.fingerprint).into(),
            self.fingerprint_version.into(),
            self.service.into(),
            self.kind.into(),
            self.message.into(),
            self.culprit.into(),
            self.seen.first_ms.into(),
            self.seen.last_ms.into(),
            self.seen.back_ms.into(),
            self.seen.away_ms.into(),
        ]
    }
}
