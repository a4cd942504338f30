//! The request line: one record when the last byte of a response has left.
//!
//! Source: observability §4.2. A connection that breaks before that logs nothing, as in Node.

use std::{
    borrow::Cow,
    cell::Cell,
    pin::Pin,
    task::{Context, Poll},
    time::SystemTime,
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use greenroom_logging::{Clock, Field, FieldValue, Level, Logger, Record};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, Version, header, uri::PathAndQuery};
use http_body::{Body as HttpBody, Frame, SizeHint};

const KEYS: [&str; 9] =
    ["type", "date", "method", "url", "status", "httpVersion", "userAgent", "contentLength", "referrer"];

/// Query parameters whose values never reach the log.
const MASKED: [&str; 9] =
    ["code", "state", "token", "access_token", "id_token", "password", "secret", "key", "sig"];

/// What the line tells of the request.
pub(crate) struct AccessLine {
    logger: Logger,
    method: Method,
    uri: Uri,
    version: &'static str,
    user_agent: Option<HeaderValue>,
    referrer: Option<HeaderValue>,
}

impl AccessLine {
    /// Notes the request; `None` if the line would be dropped anyway.
    pub(crate) fn begin(
        logger: &Logger,
        method: &Method,
        uri: &Uri,
        version: Version,
        headers: &HeaderMap,
    ) -> Option<Self> {
        if !logger.enabled(Level::Info, &KEYS) {
            return None;
        }
        let kept = |name| headers.get(name).filter(|value| !value.is_empty()).cloned();
        let referrer = kept(header::REFERER).or_else(|| kept(header::HeaderName::from_static("referrer")));
        Some(Self {
            logger: logger.clone(),
            method: method.clone(),
            uri: uri.clone(),
            version: if version == Version::HTTP_10 { "1.0" } else { "1.1" },
            user_agent: kept(header::USER_AGENT),
            referrer,
        })
    }

    /// Writes the line once the body has been sent.
    pub(crate) fn when_sent(self, response: Response) -> Response {
        let status = response.status().as_u16();
        let length =
            response.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
        let bodiless = self.method == Method::HEAD || response.status() == StatusCode::NOT_MODIFIED;
        response.map(|body| Body::new(Sent { body, bodiless, line: Some((self, status, length)) }))
    }

    fn write(&self, status: u16, length: Option<u64>) {
        let now = SystemTime::now();
        let mut clock = CLOCK.take();
        let date = clock.text(now);
        let absolute = self.uri.scheme().map(|_| self.uri.to_string());
        let url = absolute.as_deref().or_else(|| self.uri.path_and_query().map(PathAndQuery::as_str));
        let url = &*masked(url.unwrap_or("*").into());
        let agent = self.user_agent.as_ref().map(lossy);
        let referrer = self.referrer.as_ref().map(|referrer| masked(lossy(referrer)));
        let literal = |key, text| Field::literal(key, FieldValue::Str(text));
        let number = |key, number| Field::literal(key, FieldValue::U64(number));
        let mut fields = [literal("type", "incomingRequest"); KEYS.len()];
        fields[1] = literal("date", date);
        fields[2] = literal("method", self.method.as_str());
        fields[3] = literal("url", url);
        fields[4] = number("status", u64::from(status));
        fields[5] = literal("httpVersion", self.version);
        let optional = [
            agent.as_deref().map(|agent| literal("userAgent", agent)),
            length.map(|length| number("contentLength", length)),
            referrer.as_deref().map(|referrer| literal("referrer", referrer)),
        ];
        let mut count = 6;
        for field in optional.into_iter().flatten() {
            fields[count] = field;
            count += 1;
        }
        let mut digits = [itoa::Buffer::new(), itoa::Buffer::new()];
        let [of_status, of_length] = &mut digits;
        let (status, length) = (of_status.format(status), of_length.format(length.unwrap_or(0)));
        let (method, referrer, agent) =
            (self.method.as_str(), referrer.as_deref().unwrap_or("-"), agent.as_deref().unwrap_or("-"));
        // One piece after the other: `format_args!` takes three times as long.
        let message = [
            "[",
            date,
            "] \"",
            method,
            " ",
            url,
            " HTTP/",
            self.version,
            "\" ",
            status,
            " ",
            length,
            " \"",
            referrer,
            "\" \"",
            agent,
            "\"",
        ]
        .concat();
        let fields = &fields[..count];
        self.logger.log(&Record::new(Level::Info, format_args!("{message}")).at(now).with_fields(fields));
        CLOCK.set(clock);
    }
}

thread_local! {
    static CLOCK: Cell<Clock> = Cell::default();
}

fn lossy(value: &HeaderValue) -> Cow<'_, str> {
    String::from_utf8_lossy(value.as_bytes())
}

/// The URL with the values of credentials in its query replaced by `***`.
fn masked(url: Cow<'_, str>) -> Cow<'_, str> {
    let Some((path, query)) = url.split_once('?') else { return url };
    let is_secret =
        |pair: &str| pair.split_once('=').is_some_and(|(name, value)| !value.is_empty() && is_masked(name));
    if !query.split('&').any(is_secret) {
        return url;
    }
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) if is_secret(pair) => format!("{name}=***"),
        _ => pair.to_owned(),
    });
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&")).into()
}

fn is_masked(name: &str) -> bool {
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    MASKED.iter().any(|masked| name.eq_ignore_ascii_case(masked))
}

/// A body that writes the line at its end.
struct Sent {
    body: Body,
    /// Whatever the body is, it is not sent.
    bodiless: bool,
    line: Option<(AccessLine, u16, Option<u64>)>,
}

impl Sent {
    fn done(&mut self) {
        if let Some((line, status, length)) = self.line.take() {
            line.write(status, length);
        }
    }
}

impl HttpBody for Sent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        match &polled {
            Poll::Ready(None) => self.done(),
            Poll::Ready(Some(Ok(_))) if self.body.is_end_stream() => self.done(),
            // It broke: there was no end, so there is no line.
            Poll::Ready(Some(Err(_))) => self.line = None,
            Poll::Ready(Some(Ok(_))) | Poll::Pending => {}
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.line.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        // Of a body that is not sent, nothing is polled.
        if self.bodiless || self.body.is_end_stream() {
            self.done();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_in_a_query_are_masked_and_nothing_else_is() {
        assert_eq!(masked("/cb?code=abc&x=1&STATE=s&token=".into()), "/cb?code=***&x=1&STATE=***&token=");
        assert_eq!(masked("/cb?%74oken=abc".into()), "/cb?%74oken=***");
        assert_eq!(masked("/x%c3%a9?y=%c3%a9".into()), "/x%c3%a9?y=%c3%a9");
    }

    proptest::proptest! {
        #[test]
        fn a_masked_value_is_never_told(before in "[!-%\'-<>-~]{0,8}", name in "(CODE|token|s%69g)", after in "(&[!-~]{0,8})?") {
            let told = masked(format!("/x?{before}&{name}=hunter2{after}").into());
            proptest::prop_assert!(!told.contains("hunter2"), "{}", told);
        }

        #[test]
        fn any_url_can_be_masked(url in "\\PC{0,40}") {
            masked(url.into());
        }
    }
}
