//! Answers of 401 and 403, by the reason that a request's label gives.

use std::{collections::BTreeMap, time::SystemTime};

use greenroom_context::Request as Named;
use greenroom_http::Told;
use http::StatusCode;

use crate::status::Refused;

/// There was no credential.
pub const MISSING: &str = "missing";

/// There was one, and it is valid: it does not suffice.
pub const VALID: &str = "valid, but refused";

/// Nobody has looked, or could.
pub const UNVERIFIED: &str = "unverified";

/// How many, by status and reason. Reasons are a few fixed texts.
#[derive(Default)]
pub(crate) struct Refusals(BTreeMap<(u16, &'static str), (u64, SystemTime)>);

impl Refusals {
    /// Whether it is an answer of that kind.
    pub(crate) fn is(status: StatusCode) -> bool {
        matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
    }

    pub(crate) fn note(&mut self, status: StatusCode, reason: &'static str) {
        self.add((status.as_u16(), reason), 1, SystemTime::now());
    }

    /// Takes over what was counted of somebody who is told apart no more.
    pub(crate) fn take(&mut self, others: Self) {
        for (key, (count, last)) in others.0 {
            self.add(key, count, last);
        }
    }

    fn add(&mut self, key: (u16, &'static str), count: u64, last: SystemTime) {
        let (all, latest) = self.0.entry(key).or_insert((0, last));
        *all += count;
        *latest = last.max(*latest);
    }

    pub(crate) fn all(&self) -> Vec<Refused> {
        let all = self.0.iter();
        all.map(|(&(status, reason), &(count, last))| Refused { status, reason, count, last }).collect()
    }
}

/// The reason, as its line tells who has sent a request; `None` as long as that is not known.
pub(crate) fn reason(told: &Told, named: Option<&Named>) -> Option<&'static str> {
    if let Some(error) = told.credential_error() {
        return Some(error);
    }
    match named?.principal_type()? {
        "none" => Some(MISSING),
        "user" | "service" | "external" => Some(VALID),
        // Why it is so is told at once.
        "invalid" => None,
        _ => Some(UNVERIFIED),
    }
}
