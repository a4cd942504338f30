//! Headers of several values.

use http::{HeaderMap, HeaderName, HeaderValue, header};

/// The value of a header; the values of a repeated one with commas between, as Node reads them.
pub(crate) fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?.clone();
    Some(values.fold(first, both))
}

/// Two values of a header as one.
pub(crate) fn both(first: HeaderValue, second: &HeaderValue) -> HeaderValue {
    let all = [first.as_bytes(), second.as_bytes()].join(&b", "[..]);
    // What two values may hold, one may.
    HeaderValue::from_bytes(&all).unwrap_or(first)
}

/// Adds a name to `Vary`: one header for all names, as the `vary` package writes it.
pub(crate) fn add_vary(headers: &mut HeaderMap, name: &'static str) {
    if !headers.contains_key(header::VARY) {
        headers.insert(header::VARY, HeaderValue::from_static(name));
        return;
    }
    let values: Vec<_> = headers.get_all(header::VARY).iter().filter_map(|v| v.to_str().ok()).collect();
    let vary = values.join(", ");
    let covers = |listed: &str| listed == "*" || listed.eq_ignore_ascii_case(name);
    if vary.split(',').any(|listed| covers(listed.trim())) {
        return;
    }
    let value = match vary.is_empty() {
        true => HeaderValue::from_static(name),
        false => match HeaderValue::try_from(format!("{vary}, {name}")) {
            Ok(value) => value,
            Err(_) => return,
        },
    };
    headers.insert(header::VARY, value);
}
