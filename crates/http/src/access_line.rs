//! The access line: one record when the last byte of an answer has left, or when it is known that it never will.

use std::{
    borrow::Cow,
    cell::Cell,
    time::{Duration, SystemTime},
};

use arrayvec::ArrayVec;
use greenroom_logging::{Clock, Field, FieldValue, Level, Logger, Record};
use greenroom_redact as redact;
use http::{HeaderValue, Version};

use crate::exchange::{Answered, Exchange};

/// The fields that Node has, by which level overrides may decide.
const KEYS: [&str; 9] =
    ["type", "date", "method", "url", "status", "httpVersion", "userAgent", "contentLength", "referrer"];

/// Those that we add.
const ADDED: usize = 11;

/// How the line of a request is written; what it tells is what its exchange knows.
pub(crate) struct AccessLine {
    logger: Logger,
    /// As until Backstage 1.55, with a `date` in the text and as a field.
    is_dated: bool,
    level: Level,
}

/// The line of this answer is of no news to who reads the log: an extension of an answer of routes that stand apart, as for the
/// pages of operators, which ask again and again. It is written at `debug`.
///
/// ```
/// use axum::response::{IntoResponse, Response};
/// use greenroom_http::Routine;
///
/// async fn figures() -> Response {
///     let mut response = "up 1\n".into_response();
///     response.extensions_mut().insert(Routine);
///     response
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Routine;

impl AccessLine {
    /// `None` if the line would be dropped anyway.
    pub(crate) fn begin(logger: &Logger, is_dated: bool) -> Option<Self> {
        let level = Level::Info;
        logger.enabled(level, &KEYS).then(|| Self { logger: logger.clone(), is_dated, level })
    }

    /// It is of no news.
    pub(crate) fn is_routine(&mut self) {
        self.level = Level::Debug;
    }

    /// Writes the line. Of an answer that was given up, `contentLength` is what has left.
    pub(crate) fn write(&self, exchange: &Exchange, sent: u64, aborted: bool, took: Duration) {
        let Exchange { asked, request, answered, .. } = exchange;
        let url = &*asked.told_url();
        let version = if asked.version == Version::HTTP_10 { "1.0" } else { "1.1" };
        let agent = asked.user_agent.as_ref().map(|agent| redacted(agent, redact::text));
        let referrer = asked.referrer.as_ref().map(|referrer| redacted(referrer, redact::url));
        let status = answered.as_ref().map(|answered| answered.status);
        let length = if aborted { Some(sent) } else { answered.and_then(|Answered { length, .. }| length) };

        let now = SystemTime::now();
        let mut clock = CLOCK.take();
        let date = if self.is_dated { clock.text(now) } else { "" };
        let text = |key, text| Field::literal(key, FieldValue::Str(text));
        let number = |key, number: u64| Field::literal(key, FieldValue::U64(number));
        // Each where it stays: moved together, they cost as much as their being written.
        let mut fields = ArrayVec::<_, { KEYS.len() + ADDED }>::new_const();
        let mut add = |field| fields.push(field);
        add(text("type", "incomingRequest"));
        if self.is_dated {
            add(text("date", date));
        }
        add(text("method", asked.method.as_str()));
        add(text("url", url));
        if let Some(status) = status {
            add(number("status", status.as_u16().into()));
        }
        add(text("httpVersion", version));
        if let Some(agent) = &agent {
            add(text("userAgent", agent));
        }
        if let Some(length) = length {
            add(number("contentLength", length));
        }
        if let Some(referrer) = &referrer {
            add(text("referrer", referrer));
        }
        add(Field::literal("durationMs", FieldValue::F64(millis(took))).added());
        if let Some(route) = request.route() {
            add(text("route", route).added());
        }
        if let Some(plugin) = request.target_plugin() {
            add(text("targetPlugin", plugin).added());
        }
        // Whom nobody has looked at in time is not nobody.
        let kind = request.principal_type().or(exchange.told.as_ref().map(|_| "unverified"));
        if let Some(kind) = kind {
            add(text("principalType", kind).added());
        }
        if aborted {
            add(Field::literal("aborted", FieldValue::Bool(true)).added());
        }
        if let Some(told) = exchange.told.as_deref() {
            if let Some(took) = told.upstream() {
                add(Field::literal("upstreamMs", FieldValue::F64(millis(took))).added());
            }
            add(number("bytesIn", told.bytes_in()).added());
            add(number("bytesOut", sent).added());
            if told.is_retried() {
                add(Field::literal("retried", FieldValue::Bool(true)).added());
            }
            if let Some(code) = told.gateway_error() {
                add(text("gatewayError", code).added());
            }
            if let Some(why) = told.credential_error() {
                add(text("credentialError", why).added());
            }
        }
        let mut digits = [itoa::Buffer::new(), itoa::Buffer::new()];
        let [of_status, of_length] = &mut digits;
        let status = status.map_or("-", |status| of_status.format(status.as_u16()));
        let length = of_length.format(length.unwrap_or(0));
        let (method, referrer, agent) =
            (asked.method.as_str(), referrer.as_deref().unwrap_or("-"), agent.as_deref().unwrap_or("-"));
        // One piece after the other: `format_args!` takes three times as long.
        let (before, after) = if self.is_dated { ("[", "] \"") } else { ("", "\"") };
        let message = [
            before, date, after, method, " ", url, " HTTP/", version, "\" ", status, " ", length, " \"",
            referrer, "\" \"", agent, "\"",
        ]
        .concat();
        self.logger.log(&Record::new(self.level, format_args!("{message}")).at(now).with_fields(&fields));
        // It borrows the clock's text.
        drop(fields);
        CLOCK.set(clock);
    }
}

/// To the microsecond.
fn millis(took: Duration) -> f64 {
    f64::from(u32::try_from(took.as_micros()).unwrap_or(u32::MAX)) / 1000.0
}

thread_local! {
    static CLOCK: Cell<Clock> = Cell::default();
}

/// Without the credentials that it holds.
fn redacted(value: &HeaderValue, mask: fn(&str) -> Cow<'_, str>) -> Cow<'_, str> {
    match String::from_utf8_lossy(value.as_bytes()) {
        Cow::Borrowed(text) => mask(text),
        Cow::Owned(text) => mask(&text).into_owned().into(),
    }
}
