//! Headers that end with a connection (RFC 9110, section 7.6.1).

use http::{HeaderMap, HeaderName, header};

/// Whether a header is for one connection, whatever `Connection` says.
// By their texts: a list of `HeaderName`s is made, and dropped, each time that it is looked into.
fn is_always(name: &str) -> bool {
    matches!(
        name,
        "connection"
            | "keep-alive"
            | "proxy-connection"
            | "http2-settings"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "te"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// Headers by which the other side judges, and what their names begin with: `Connection` cannot have one of them taken away.
/// Somebody between the client and this server may have set it; who could have it removed would be taken for someone else
/// (`Connection: x-forwarded-user`).
const KEPT: [&str; 9] =
    ["authorization", "baggage", "cookie", "date", "expect", "forwarded", "host", "trailer", "via"];
const KEPT_BEGINNINGS: [&str; 18] = [
    "accept",
    "access-control-",
    "backstage-",
    "cache-",
    "cf-",
    "client-",
    "content-",
    "fastly-",
    "if-",
    "ocp-apim-",
    "origin",
    "range",
    "remote-",
    "sec-",
    "set-cookie",
    "trace",
    "true-client-",
    "x-",
];

/// Which headers of a message are for its connection alone.
pub(crate) struct HopByHop {
    /// Those that `Connection` names.
    named: Vec<HeaderName>,
}

impl HopByHop {
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut named = vec![];
        for token in tokens(headers, &header::CONNECTION) {
            // As many as there are headers at most, however many are named.
            let is_here = headers.contains_key(token);
            let name = is_here.then(|| HeaderName::try_from(token)).and_then(Result::ok);
            named.extend(name.filter(|name| !is_kept(name) && !named.contains(name)));
        }
        Self { named }
    }

    pub(crate) fn holds(&self, name: &HeaderName) -> bool {
        is_always(name.as_str()) || self.named.contains(name)
    }
}

/// Leaves those headers that `keeps` wants, in their order.
///
/// A header that is removed leaves its place to the last one. So nothing is built anew only if none that stays stands behind one
/// that goes, which is so of most messages.
pub(crate) fn retain(headers: &mut HeaderMap, keeps: impl Fn(&HeaderName) -> bool) {
    let first = headers.keys().take_while(|name| keeps(name)).count();
    if headers.keys().skip(first).any(&keeps) {
        rebuild(headers, keeps);
        return;
    }
    while let Some(name) = headers.keys().nth(first).cloned() {
        headers.remove(name);
    }
}

fn rebuild(headers: &mut HeaderMap, keeps: impl Fn(&HeaderName) -> bool) {
    let came = std::mem::replace(headers, HeaderMap::with_capacity(headers.keys_len() + 8));
    let mut last = None;
    for (name, value) in came {
        if let Some(name) = name {
            last = keeps(&name).then_some(name);
        }
        if let Some(name) = &last {
            headers.append(name.clone(), value);
        }
    }
}

/// The parts of a list, in all of the header's values.
pub(crate) fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|token| !token.is_empty())
}

/// Whether a list has that part.
pub(crate) fn says(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|said| said.eq_ignore_ascii_case(token))
}

fn is_kept(name: &HeaderName) -> bool {
    let name = name.as_str();
    KEPT.contains(&name) || KEPT_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_stays_keeps_its_order_wherever_what_goes_stood(
            headers in prop::collection::vec((0_u8..12, 0_u8..4), 0..24),
            gone in prop::collection::btree_set(0_u8..12, 0..12),
        ) {
            let name = |of: u8| HeaderName::try_from(format!("x-{of}")).unwrap();
            let all = |of: &dyn Fn(u8) -> bool| {
                let mut map = HeaderMap::new();
                for (name_of, value) in headers.iter().filter(|(name_of, _)| of(*name_of)) {
                    map.append(name(*name_of), HeaderValue::from(u16::from(*value)));
                }
                map
            };
            let mut left = all(&|_| true);
            let names: Vec<_> = gone.iter().map(|of| name(*of)).collect();
            retain(&mut left, |name| !names.contains(name));
            let expected = all(&|of| !gone.contains(&of));
            prop_assert_eq!(left.iter().collect::<Vec<_>>(), expected.iter().collect::<Vec<_>>());
        }
    }
}
