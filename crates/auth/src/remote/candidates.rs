//! The tokens of a request, where Backstage looks for them.
//!
//! An ordinary request has the one of `Authorization: Bearer`, else that of the cookie `backstage-auth`, which Backstage reads
//! on some routes. One for a WebSocket has those of `Sec-WebSocket-Protocol`, since a browser can send no other header, and a
//! bearer token behind them. What stands in a query is no token.

use http::{
    HeaderMap,
    header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL, UPGRADE},
};

use crate::cookie;

/// Backstage refuses a WebSocket with more.
const MOST: usize = 5;
/// Longer ones are not looked at: no token that Backstage issues to a browser fits into more.
const LONGEST: usize = 16 * 1024;

/// What may be a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Candidate<'a> {
    pub(super) token: &'a [u8],
    /// Whether it may as well be the name of a protocol.
    pub(super) is_protocol: bool,
}

/// Those of a request, in the order in which they count; `None` if there is too much to look at.
pub(super) fn candidates(headers: &HeaderMap) -> Option<Vec<Candidate<'_>>> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| bearer(value.as_bytes()));
    let bearer = bearer.map(|token| Candidate { token, is_protocol: false });
    let mut found = vec![];
    if is_websocket(headers) {
        let values = headers.get_all(SEC_WEBSOCKET_PROTOCOL).into_iter();
        let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
        let names = names.map(<[u8]>::trim_ascii).filter(|name| !name.is_empty());
        found.extend(names.take(MOST + 1).map(|token| Candidate { token, is_protocol: true }));
        found.extend(bearer);
    } else {
        let of_cookie = || cookie::raw_token(headers).map(|token| Candidate { token, is_protocol: false });
        found.extend(bearer.or_else(of_cookie));
    }
    let fits = found.len() <= MOST && found.iter().all(|candidate| candidate.token.len() <= LONGEST);
    fits.then_some(found)
}

fn is_websocket(headers: &HeaderMap) -> bool {
    headers.get(UPGRADE).is_some_and(|value| value.as_bytes().trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

/// One word behind the scheme, in any case and with any number of spaces.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let space = value.iter().position(|byte| *byte == b' ')?;
    let (scheme, rest) = value.split_at(space);
    let start = rest.iter().position(|byte| *byte != b' ')?;
    let token = &rest[start..];
    // Without a branch: a token has a thousand bytes, which are looked at together.
    let is_one_word = !token.iter().fold(false, |any, byte| any | byte.is_ascii_whitespace());
    (scheme.eq_ignore_ascii_case(b"bearer") && is_one_word).then_some(token)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue, header::COOKIE};
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    fn tokens(lines: &[(&'static str, &str)]) -> Option<Vec<String>> {
        let headers = headers(lines);
        let found = candidates(&headers)?;
        Some(found.iter().map(|one| String::from_utf8_lossy(one.token).into_owned()).collect())
    }

    #[test]
    fn a_bearer_token_counts_before_a_cookie_and_nothing_else_does() {
        let cookie = ("cookie", "a=1; backstage-auth=c.o.k; backstage-auth=second; xbackstage-auth=x");
        assert_eq!(tokens(&[]).unwrap(), [""; 0]);
        assert_eq!(tokens(&[("authorization", "bEARER   a.b.c"), cookie]).unwrap(), ["a.b.c"]);
        assert_eq!(tokens(&[cookie]).unwrap(), ["c.o.k"]);
        for other in ["Basic abc", "Bearer ", "Bearer", "Bearer a b", "Bearer a\tb", "Bearerabc", ""] {
            assert_eq!(tokens(&[("authorization", other)]).unwrap(), [""; 0], "{other}");
        }
        let (protocol, empty) = (("sec-websocket-protocol", "a.b.c"), ("cookie", "backstage-auth="));
        assert_eq!(
            tokens(&[protocol, empty, ("x-token", "a.b.c")]).unwrap(),
            [""; 0],
            "no WebSocket is asked for"
        );
    }

    #[test]
    fn a_websocket_has_five_candidates_at_most_and_no_cookie() {
        let upgrade = ("upgrade", "WebSocket");
        let asked = [upgrade, ("sec-websocket-protocol", "chat, a.b.c,,"), ("cookie", "backstage-auth=c")];
        assert_eq!(tokens(&asked).unwrap(), ["chat", "a.b.c"]);
        let bearer = ("authorization", "Bearer d");
        let both = [upgrade, ("sec-websocket-protocol", "a"), ("sec-websocket-protocol", "b, c"), bearer];
        assert_eq!(tokens(&both).unwrap(), ["a", "b", "c", "d"]);
        assert_eq!(tokens(&[upgrade, ("sec-websocket-protocol", "1,2,3,4,5")]).unwrap().len(), 5);
        assert_eq!(tokens(&[upgrade, ("sec-websocket-protocol", "1,2,3,4,5,6")]), None);
        assert_eq!(tokens(&[upgrade, ("sec-websocket-protocol", "1,2,3,4,5"), bearer]), None);
    }

    #[test]
    fn what_is_too_long_is_not_looked_at() {
        let of = |length: usize| tokens(&[("authorization", &format!("Bearer {}", "x".repeat(length)))]);
        assert_eq!((of(LONGEST).map(|found| found.len()), of(LONGEST + 1)), (Some(1), None));
    }

    proptest! {
        #[test]
        fn whatever_headers_hold_there_are_few_candidates_and_each_is_one_word(
            lines in vec((0..4_usize, vec(any::<u8>(), 0..80)), 0..6)
        ) {
            let names = [AUTHORIZATION, COOKIE, SEC_WEBSOCKET_PROTOCOL, UPGRADE];
            let mut headers = HeaderMap::new();
            for (name, value) in &lines {
                if let Ok(value) = HeaderValue::from_bytes(value) {
                    headers.append(&names[*name], value);
                }
            }
            let found = candidates(&headers).unwrap_or_default();
            prop_assert!(found.len() <= MOST);
            prop_assert!(found.iter().all(|one| !one.token.is_empty() && one.token == one.token.trim_ascii()));
        }
    }
}
