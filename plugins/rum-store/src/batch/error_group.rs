//! Errors that are one, as far as a batch tells of them.

use std::sync::Arc;

use crate::sql::{Cell, Row, Table};

#[derive(Clone, Debug)]
pub(crate) struct ErrorGroup {
    pub(crate) fingerprint: String,
    pub(crate) fingerprint_version: i64,
    pub(crate) service: Option<Arc<str>>,
    pub(crate) kind: Option<Arc<str>>,
    pub(crate) message: Arc<str>,
    pub(crate) culprit: Option<Arc<str>>,
    pub(crate) first_ms: i64,
    pub(crate) last_ms: i64,
}

impl ErrorGroup {
    /// Of the same fingerprint.
    pub(super) fn join(&mut self, other: &Self) {
        self.first_ms = self.first_ms.min(other.first_ms);
        self.last_ms = self.last_ms.max(other.last_ms);
    }
}

impl Row for ErrorGroup {
    const TABLE: Table = Table {
        name: "rum_error_group",
        columns: &[
            "fingerprint", "fingerprint_version", "service", "type", "message", "culprit", "first_ms", "last_ms", "state",
        ],
        on_conflict: "on conflict (fingerprint) do update set \
            first_ms = case when excluded.first_ms < rum_error_group.first_ms then excluded.first_ms else rum_error_group.first_ms end, \
            last_ms = case when excluded.last_ms > rum_error_group.last_ms then excluded.last_ms else rum_error_group.last_ms end",
    };

    fn cells(self) -> Vec<Cell> {
        vec![
            (&*self.fingerprint).into(),
            self.fingerprint_version.into(),
            self.service.into(),
            self.kind.into(),
            self.message.into(),
            self.culprit.into(),
            self.first_ms.into(),
            self.last_ms.into(),
            "open".into(),
        ]
    }
}
