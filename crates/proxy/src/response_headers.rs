//! What of an answer's headers goes to the client, and answers that are refused.

use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header, response::Parts};

use crate::hop_by_hop::{HopByHop, retain, says};

/// An answer that two readers could read in two ways, or that nobody has asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Leaves of an answer's headers what the client gets, in their order.
pub(crate) fn rewrite(head: &mut Parts, method: &Method) -> Result<(), Malformed> {
    if head.status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Malformed("it leaves HTTP although nobody has asked for that"));
    }
    check_framing(head, method)?;
    leave_end_to_end(head);
    Ok(())
}

/// The same for one that leaves HTTP, as was asked for.
pub(crate) fn rewrite_switch(head: &mut Parts) -> Result<(), Malformed> {
    let is_agreed = says(&head.headers, &header::UPGRADE, "websocket")
        && says(&head.headers, &header::CONNECTION, "upgrade");
    if !is_agreed {
        return Err(Malformed("it leaves HTTP for something else than WebSocket"));
    }
    let protocol = head.headers.remove(header::UPGRADE);
    leave_end_to_end(head);
    head.headers.insert(header::UPGRADE, protocol.unwrap_or(HeaderValue::from_static("websocket")));
    head.headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    Ok(())
}

fn leave_end_to_end(head: &mut Parts) {
    let hop_by_hop = HopByHop::of(&head.headers);
    retain(&mut head.headers, |name| !hop_by_hop.holds(name));
    head.version = Version::HTTP_11;
}

/// Where the answer ends has to be clear: what one reader takes for its body, another could take for the next answer.
fn check_framing(head: &Parts, method: &Method) -> Result<(), Malformed> {
    let (lengths, codings) =
        (count(&head.headers, header::CONTENT_LENGTH), count(&head.headers, header::TRANSFER_ENCODING));
    let length = head.headers.get(header::CONTENT_LENGTH).map(HeaderValue::as_bytes);
    let coding = head.headers.get(header::TRANSFER_ENCODING).map(HeaderValue::as_bytes);
    if lengths > 1 {
        return Err(Malformed("it has more than one Content-Length"));
    }
    if length.is_some_and(|length| length.is_empty() || !length.iter().all(u8::is_ascii_digit)) {
        return Err(Malformed("its Content-Length is no number"));
    }
    if length.is_some() && coding.is_some() {
        return Err(Malformed("it has both a Content-Length and a Transfer-Encoding"));
    }
    let is_bodiless =
        *method == Method::HEAD || matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let is_chunked = codings == 1 && coding.is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked"));
    if coding.is_some() && !is_bodiless && !is_chunked {
        return Err(Malformed("its Transfer-Encoding is not chunked alone"));
    }
    Ok(())
}

fn count(headers: &HeaderMap, name: http::HeaderName) -> usize {
    headers.get_all(name).iter().count()
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, Response};
    use proptest::prelude::*;

    use super::*;

    fn header() -> impl Strategy<Value = (String, String)> {
        let names = vec![
            "connection",
            "keep-alive",
            "content-length",
            "transfer-encoding",
            "upgrade",
            "set-cookie",
            "foo",
            "bar",
        ];
        let values = vec!["1", "22", "chunked", "gzip, chunked", "close, foo", "bar, set-cookie", "", "+1"];
        let text = |texts: Vec<&'static str>| prop::sample::select(texts).prop_map(str::to_owned);
        (text(names), prop_oneof![text(values), "[ -~]{0,12}"])
    }

    proptest! {
        #[test]
        fn an_answer_is_refused_or_has_one_end_and_nothing_of_its_connection(
            status in prop::sample::select(vec![200_u16, 204, 304, 404, 500]),
            method in prop::sample::select(vec![Method::GET, Method::HEAD, Method::POST]),
            headers in prop::collection::vec(header(), 0..8),
        ) {
            let mut response = Response::new(());
            *response.status_mut() = StatusCode::from_u16(status).unwrap();
            for (name, value) in &headers {
                let name = HeaderName::try_from(name).unwrap();
                response.headers_mut().append(name, HeaderValue::try_from(value).unwrap());
            }
            let (mut head, ()) = response.into_parts();
            let cookies = head.headers.get_all("set-cookie").iter().count();
            if rewrite(&mut head, &method).is_err() {
                return Ok(());
            }
            for gone in ["connection", "keep-alive", "transfer-encoding", "upgrade"] {
                prop_assert!(!head.headers.contains_key(gone), "{gone}");
            }
            prop_assert_eq!(head.headers.get_all("set-cookie").iter().count(), cookies);
            let lengths: Vec<_> = head.headers.get_all("content-length").iter().collect();
            prop_assert!(lengths.len() <= 1);
            for length in lengths {
                prop_assert!(length.to_str().unwrap().bytes().all(|byte| byte.is_ascii_digit()));
                prop_assert!(headers.iter().all(|(name, _)| name != "transfer-encoding"));
            }
        }
    }
}
