//! The access line: one record when the last byte of an answer has left, or when it is known that it never will.

use std::borrow::Cow;

use greenroom_logging::{Field, FieldValue, Level, Logger, Record};
use http::{HeaderMap, HeaderValue, Version, header, uri::PathAndQuery};

use crate::exchange::{Answered, Exchange};

/// The fields that Node has, by which level overrides may decide.
const KEYS: [&str; 8] =
    ["type", "method", "url", "status", "httpVersion", "userAgent", "contentLength", "referrer"];

/// Those that we add.
const ADDED: usize = 5;

/// Query parameters whose values never reach the log.
const MASKED: [&str; 9] =
    ["code", "state", "token", "access_token", "id_token", "password", "secret", "key", "sig"];

/// What the line tells of a request, beside what its exchange knows.
pub(crate) struct AccessLine {
    logger: Logger,
    user_agent: Option<HeaderValue>,
    referrer: Option<HeaderValue>,
}

impl AccessLine {
    /// Notes the request; `None` if the line would be dropped anyway.
    pub(crate) fn begin(logger: &Logger, headers: &HeaderMap) -> Option<Self> {
        if !logger.enabled(Level::Info, &KEYS) {
            return None;
        }
        let kept = |name| headers.get(name).filter(|value| !value.is_empty()).cloned();
        let referrer = kept(header::REFERER).or_else(|| kept(header::HeaderName::from_static("referrer")));
        Some(Self { logger: logger.clone(), user_agent: kept(header::USER_AGENT), referrer })
    }

    /// Writes the line. Of an answer that was given up, `contentLength` is what has left.
    pub(crate) fn write(&self, exchange: &Exchange, sent: u64, aborted: bool) {
        let Exchange { asked, request, began, answered, .. } = exchange;
        let absolute = asked.uri.scheme().map(|_| asked.uri.to_string());
        let url = absolute.as_deref().or_else(|| asked.uri.path_and_query().map(PathAndQuery::as_str));
        let url = &*masked(url.unwrap_or("*").into());
        let version = if asked.version == Version::HTTP_10 { "1.0" } else { "1.1" };
        let agent = self.user_agent.as_ref().map(lossy);
        let referrer = self.referrer.as_ref().map(|referrer| masked(lossy(referrer)));
        let status = answered.as_ref().map(|answered| answered.status);
        let length = if aborted { Some(sent) } else { answered.and_then(|Answered { length, .. }| length) };

        let text = |key, text| Field::literal(key, FieldValue::Str(text));
        let number = |key, number: u64| Field::literal(key, FieldValue::U64(number));
        let micros = u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX);
        let fields = [
            Some(text("type", "incomingRequest")),
            Some(text("method", asked.method.as_str())),
            Some(text("url", url)),
            status.map(|status| number("status", status.as_u16().into())),
            Some(text("httpVersion", version)),
            agent.as_deref().map(|agent| text("userAgent", agent)),
            length.map(|length| number("contentLength", length)),
            referrer.as_deref().map(|referrer| text("referrer", referrer)),
            Some(Field::literal("durationMs", FieldValue::F64(f64::from(micros) / 1000.0)).added()),
            request.route().map(|route| text("route", route).added()),
            request.target_plugin().map(|plugin| text("targetPlugin", plugin).added()),
            request.principal_type().map(|kind| text("principalType", kind).added()),
            aborted.then(|| Field::literal("aborted", FieldValue::Bool(true)).added()),
        ];
        let mut kept = [text("", ""); KEYS.len() + ADDED];
        let mut count = 0;
        for field in fields.into_iter().flatten() {
            kept[count] = field;
            count += 1;
        }
        let mut digits = [itoa::Buffer::new(), itoa::Buffer::new()];
        let [of_status, of_length] = &mut digits;
        let status = status.map_or("-", |status| of_status.format(status.as_u16()));
        let length = of_length.format(length.unwrap_or(0));
        let (method, referrer, agent) =
            (asked.method.as_str(), referrer.as_deref().unwrap_or("-"), agent.as_deref().unwrap_or("-"));
        // One piece after the other: `format_args!` takes three times as long.
        let message = [
            "\"", method, " ", url, " HTTP/", version, "\" ", status, " ", length, " \"", referrer, "\" \"",
            agent, "\"",
        ]
        .concat();
        let fields = &kept[..count];
        self.logger.log(&Record::new(Level::Info, format_args!("{message}")).with_fields(fields));
    }
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
