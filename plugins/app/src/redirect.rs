//! The way to a directory, as the package `serve-static` shows it.

use std::fmt::Write;

use axum::response::Response;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};

use crate::send::finished;

/// The same address with a slash at the end of its path.
pub(crate) fn with_slash(uri: &Uri) -> Response {
    let location = location(uri);
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Redirecting</title>\n</head>\n<body>\n\
         <pre>Redirecting to {}</pre>\n</body>\n</html>\n",
        escaped(&location)
    );
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=UTF-8"));
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(page.len()));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'"));
    if let Ok(location) = HeaderValue::try_from(location) {
        headers.insert(header::LOCATION, location);
    }
    finished(StatusCode::MOVED_PERMANENTLY, headers, page.into())
}

/// On this host: what begins with two slashes would be another one, and browsers read a backslash as a slash.
fn location(uri: &Uri) -> String {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let whole = format!("/{}/{query}", uri.path().trim_start_matches('/'));
    let mut location = String::new();
    for (at, c) in whole.char_indices() {
        let is_escape =
            || whole.as_bytes().get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
        match c {
            '%' if !is_escape() => location.push_str("%25"),
            '\\' if at == 1 => location.push_str("%5C"),
            '!' | '#'..=';' | '=' | '?'..='_' | 'a'..='z' | '|' | '~' => location.push(c),
            c => c.encode_utf8(&mut [0; 4]).bytes().for_each(|byte| {
                // Nothing fails that writes to a text.
                let _ = write!(location, "%{byte:02X}");
            }),
        }
    }
    location
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::location;

    #[test]
    fn it_leads_to_this_host_and_keeps_the_query() {
        for (from, to) in [
            ("/static", "/static/"),
            ("/dir?x=1&y", "/dir/?x=1&y"),
            ("//evil.example/..", "/evil.example/../"),
            (r"/\evil.example/..", "/%5Cevil.example/../"),
            (r"//\/\evil.example/..", r"/%5C/\evil.example/../"),
            (r"/here\there", r"/here\there/"),
            ("/a%20b?c=%zz{}", "/a%20b/?c=%25zz%7B%7D"),
        ] {
            assert_eq!(location(&from.parse().unwrap()), to, "{from}");
        }
    }
}
