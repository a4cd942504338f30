//! The line of a request that Node's backend has answered.

use crate::Record;

/// A request, as `rootHttpRouter` writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncomingRequest<'a> {
    /// The method.
    pub method: &'a str,
    /// The path and the query.
    pub url: &'a str,
    /// `1.1`.
    pub http_version: &'a str,
    /// The status.
    pub status: u16,
    /// The answer's length, 0 if it has none.
    pub content_length: u64,
    /// `Referer`, if there was one.
    pub referrer: Option<&'a str>,
    /// `User-Agent`, if there was one.
    pub user_agent: Option<&'a str>,
}

impl<'a> IncomingRequest<'a> {
    /// The request that a record is of, if it is a request's line.
    ///
    /// It is read from the message, which always has all of it. Node's logger loses the fields of a line whose URL has a `%`
    /// before one of some letters.
    pub fn of(record: &'a Record<'_>) -> Option<Self> {
        let is_routers = record.service.as_deref() == Some("rootHttpRouter");
        if !is_routers && record.record_type.as_deref() != Some("incomingRequest") {
            return None;
        }
        Self::read(&record.message)
    }

    /// Reads `"GET /x HTTP/1.1" 200 12 "-" "curl"`, with `[time] ` in front until Backstage 1.55.
    fn read(message: &'a str) -> Option<Self> {
        let message = match message.strip_prefix('[') {
            Some(rest) => rest.split_once("] ")?.1,
            None => message,
        };
        let (method, rest) = message.strip_prefix('"')?.split_once(' ')?;
        let (url, rest) = rest.split_once(' ')?;
        let (http_version, rest) = rest.strip_prefix("HTTP/")?.split_once("\" ")?;
        let (status, rest) = rest.split_once(' ')?;
        let (content_length, rest) = rest.split_once(" \"")?;
        // Neither header is escaped.
        let (referrer, user_agent) = rest.strip_suffix('"')?.split_once("\" \"")?;
        let given = |text: &'a str| Some(text).filter(|text| *text != "-");
        Some(Self {
            method,
            url,
            http_version,
            status: status.parse().ok()?,
            content_length: content_length.parse().ok()?,
            referrer: given(referrer),
            user_agent: given(user_agent),
        })
    }

    /// The path, without the query.
    pub fn path(&self) -> &'a str {
        self.url.split(['?', '#']).next().unwrap_or_default()
    }
}
