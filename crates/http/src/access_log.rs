//! The request line: one record when the last byte of a response has left.
//!
//! Source: observability §4.2. A connection that breaks before that logs nothing, as in Node.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::SystemTime,
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use greenroom_logging::{Field, FieldValue, Level, Logger, Record};
use http::{HeaderMap, Method, StatusCode, Uri, Version, header, uri::PathAndQuery};
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
    url: String,
    version: &'static str,
    user_agent: Option<String>,
    referrer: Option<String>,
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
        let text =
            |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let referrer = text(header::REFERER).or_else(|| text(header::HeaderName::from_static("referrer")));
        let absolute = uri.scheme().map(|_| uri.to_string());
        let url = absolute.as_deref().or_else(|| uri.path_and_query().map(PathAndQuery::as_str));
        Some(Self {
            logger: logger.clone(),
            method: method.clone(),
            url: masked(url.unwrap_or("*")),
            version: if version == Version::HTTP_10 { "1.0" } else { "1.1" },
            user_agent: text(header::USER_AGENT).filter(|value| !value.is_empty()),
            referrer: referrer.filter(|value| !value.is_empty()).map(|value| masked(&value)),
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
        let date = iso_millis(now);
        let literal = |key, text| Field::literal(key, FieldValue::Str(text));
        let number = |key, number| Field::literal(key, FieldValue::U64(number));
        let mut fields = [literal("type", "incomingRequest"); KEYS.len()];
        fields[1] = literal("date", &date);
        fields[2] = literal("method", self.method.as_str());
        fields[3] = literal("url", &self.url);
        fields[4] = number("status", u64::from(status));
        fields[5] = literal("httpVersion", self.version);
        let optional = [
            self.user_agent.as_deref().map(|agent| literal("userAgent", agent)),
            length.map(|length| number("contentLength", length)),
            self.referrer.as_deref().map(|referrer| literal("referrer", referrer)),
        ];
        let mut count = 6;
        for field in optional.into_iter().flatten() {
            fields[count] = field;
            count += 1;
        }
        let Self { method, url, version, .. } = self;
        let (length, referrer) = (length.unwrap_or(0), self.referrer.as_deref().unwrap_or("-"));
        let agent = self.user_agent.as_deref().unwrap_or("-");
        let message = format_args!(
            "[{date}] \"{method} {url} HTTP/{version}\" {status} {length} \"{referrer}\" \"{agent}\""
        );
        self.logger.log(&Record::new(Level::Info, message).at(now).with_fields(&fields[..count]));
    }
}

fn iso_millis(time: SystemTime) -> String {
    let time = jiff::Timestamp::try_from(time).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{time:.3}")
}

/// The URL with the values of credentials in its query replaced by `***`.
fn masked(url: &str) -> String {
    let Some((path, query)) = url.split_once('?') else { return url.to_owned() };
    let pairs = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, value)) if !value.is_empty() && is_masked(name) => format!("{name}=***"),
        _ => pair.to_owned(),
    });
    format!("{path}?{}", pairs.collect::<Vec<_>>().join("&"))
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
        assert_eq!(masked("/cb?code=abc&x=1&STATE=s&token="), "/cb?code=***&x=1&STATE=***&token=");
        assert_eq!(masked("/cb?%74oken=abc"), "/cb?%74oken=***");
        assert_eq!(masked("/x%c3%a9?y=%c3%a9"), "/x%c3%a9?y=%c3%a9");
    }

    proptest::proptest! {
        #[test]
        fn a_masked_value_is_never_told(before in "[!-%\'-<>-~]{0,8}", name in "(CODE|token|s%69g)", after in "(&[!-~]{0,8})?") {
            let told = masked(&format!("/x?{before}&{name}=hunter2{after}"));
            proptest::prop_assert!(!told.contains("hunter2"), "{}", told);
        }

        #[test]
        fn any_url_can_be_masked(url in "\\PC{0,40}") {
            masked(&url);
        }
    }
}
