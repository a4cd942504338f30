//! What a browser is answered: what it should do, and nothing of what is here.

use http::StatusCode;
use serde_json::{Value, json};

use crate::refusal::Refusal;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Taken {
        status: StatusCode,
        accepted: usize,
        rejected: usize,
    },
    /// By this backend.
    Refused(Refusal),
    /// By Datadog's intake, or because it could not be asked.
    NotTaken(StatusCode),
}

impl Answer {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::Taken { status, .. } | Self::NotTaken(status) => status,
            Self::Refused(refusal) => refusal.status(),
        }
    }

    pub(crate) fn body(self) -> Value {
        match self {
            Self::Taken { accepted, rejected, .. } => json!({"accepted": accepted, "rejected": rejected}),
            Self::Refused(refusal) => json!({"error": refusal.sentence()}),
            Self::NotTaken(_) => json!({"error": "Datadog's intake did not take it"}),
        }
    }
}
