//! The span of a call, by OpenTelemetry's names: what goes along with the call names it as the parent of what is done there.

use greenroom_redact as redact;
use greenroom_traces::{KeyValue, Span, SpanKind, StartedSpan, Status, Tracer};
use http::{Method, Uri};

use crate::{measured::known, target::Target};

/// What is told in place of the values of a query, as OpenTelemetry writes it.
const REDACTED: &str = "REDACTED";

/// A call begins. Where nothing is recorded it costs next to nothing.
pub(crate) fn begin(tracer: &Tracer, method: &Method, target: &Target, uri: &Uri) -> StartedSpan {
    let named = known(method);
    let span = tracer.span(named.unwrap_or("HTTP")).kind(SpanKind::Client);
    let span = span.attributes(|| {
        let mut attributes = vec![
            KeyValue::new("http.request.method", named.unwrap_or("_OTHER")),
            KeyValue::new("server.address", target.host.clone()),
            KeyValue::new("server.port", i64::from(target.port)),
            KeyValue::new("url.full", shown(uri)),
            KeyValue::new("network.protocol.version", "1.1"),
        ];
        if named.is_none() {
            attributes.push(KeyValue::new("http.request.method_original", method.as_str().to_owned()));
        }
        attributes
    });
    span.start()
}

/// It has ended with that status, or by that error.
pub(crate) fn end(span: &Span, status: u16, error: Option<String>) {
    if status > 0 {
        span.set_attribute("http.response.status_code", i64::from(status));
    }
    if let Some(error) = error {
        span.set_attribute("error.type", error);
        // What the code says already need not be said twice.
        span.set_status(Status::Error(String::new()));
    }
}

/// The URL without the values of its query. Credentials in front of its host are refused before.
fn shown(uri: &Uri) -> String {
    let Some(query) = uri.query() else { return redact::url(&uri.to_string()).into_owned() };
    let whole = uri.to_string();
    let mut shown = redact::url(&whole[..whole.len() - query.len() - 1]).into_owned();
    for (number, part) in query.split('&').enumerate() {
        shown.push(if number == 0 { '?' } else { '&' });
        match part.split_once('=') {
            Some((name, _)) => shown.extend([name, "=", REDACTED]),
            // Without a name it may be a value.
            None => shown.push_str(REDACTED),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_told_without_what_its_query_says() {
        for (url, told) in [
            (
                "https://git.example/repos/a?page=2&q=secret",
                "https://git.example/repos/a?page=REDACTED&q=REDACTED",
            ),
            ("https://git.example:8443/x?secret", "https://git.example:8443/x?REDACTED"),
            ("https://git.example/x?", "https://git.example/x?REDACTED"),
            ("https://git.example", "https://git.example/"),
        ] {
            assert_eq!(shown(&url.parse().unwrap()), told);
        }
        let webhook = shown(
            &"https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX".parse().unwrap(),
        );
        assert!(!webhook.contains("XXXXXXXX"), "{webhook}");
    }
}
