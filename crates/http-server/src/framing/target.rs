//! The request line: what of its target has to be percent-encoded for `http::Uri` to take it, as Node serves it raw.

/// What a request line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestLine {
    /// The length of the target as it came.
    pub(super) target: usize,
    pub(super) is_http_10: bool,
    /// The target has to be [encoded].
    pub(super) is_raw: bool,
}

/// What a target has no room for: a blank, a control byte, or what is not ASCII.
const REFUSED: u8 = 1;
/// To be encoded in a path.
const IN_PATH: u8 = 2;
/// To be encoded in a query.
const IN_QUERY: u8 = 4;

static CLASSES: [u8; 256] = {
    let mut classes = [REFUSED; 256];
    let mut byte = 0x21;
    while byte < 0x7f {
        classes[byte as usize] = match byte {
            b'<' | b'>' => IN_PATH | IN_QUERY,
            b'`' => IN_PATH,
            b'"' => IN_QUERY,
            _ => 0,
        };
        byte += 1;
    }
    classes
};

fn class(byte: u8) -> u8 {
    CLASSES[usize::from(byte)]
}

/// Reads `GET /path HTTP/1.1`, in which there are two single spaces; what is no target or no method is for hyper to refuse.
pub(super) fn request_line(line: &[u8]) -> Option<RequestLine> {
    let (asked, version) = line.split_at_checked(line.len().checked_sub(9)?)?;
    let is_http_10 = version == b" HTTP/1.0";
    let target = &asked[asked.iter().position(|byte| *byte == b' ')? + 1..];
    let classes = target.iter().fold(0, |all, byte| all | class(*byte));
    let is_known = is_http_10 || version == b" HTTP/1.1";
    let is_target = !target.is_empty() && classes & REFUSED == 0;
    (is_known && is_target).then_some(RequestLine { target: target.len(), is_http_10, is_raw: classes != 0 })
}

/// The line with its end, and with all encoded in its target that `http::Uri` does not take there.
pub(super) fn encoded(line: &[u8]) -> Vec<u8> {
    let start = line.iter().position(|byte| *byte == b' ').map_or(0, |space| space + 1);
    let end = line.len().saturating_sub(9).max(start);
    let from = start + path_start(&line[start..end]);
    let mut encoded = Vec::with_capacity(line.len() + 2 + 2 * (end - from));
    encoded.extend_from_slice(&line[..from]);
    let mut place = IN_PATH;
    for &byte in &line[from..end] {
        if byte == b'?' {
            place = IN_QUERY;
        }
        if class(byte) & place != 0 {
            let digit = |half: u8| b"0123456789ABCDEF"[usize::from(half)];
            encoded.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 0xf)]);
        } else {
            encoded.push(byte);
        }
    }
    encoded.extend_from_slice(&line[end..]);
    encoded.extend_from_slice(b"\r\n");
    encoded
}

/// Where a target's path begins, or its query. The name of a host has nothing that could be encoded.
fn path_start(target: &[u8]) -> usize {
    if target.starts_with(b"/") {
        return 0;
    }
    let scheme = target.windows(3).position(|three| three == b"://");
    let authority = scheme.map_or(target.len(), |at| at + 3);
    let length = target[authority..].iter().position(|byte| b"/?#".contains(byte));
    length.map_or(target.len(), |length| authority + length)
}

#[cfg(test)]
mod tests {
    use http::Uri;
    use proptest::prelude::*;

    use super::*;

    fn read(target: &str) -> String {
        let line = format!("GET {target} HTTP/1.1");
        let said = request_line(line.as_bytes()).unwrap();
        assert_eq!((said.target, said.is_http_10), (target.len(), false));
        let encoded = String::from_utf8(encoded(line.as_bytes())).unwrap();
        assert!(said.is_raw || encoded == format!("{line}\r\n"), "{target}");
        encoded.strip_prefix("GET ").unwrap().strip_suffix(" HTTP/1.1\r\n").unwrap().to_owned()
    }

    #[test]
    fn what_a_uri_does_not_take_is_encoded_and_nothing_else() {
        for byte in 0x21..0x7f_u8 {
            let byte = char::from(byte);
            for target in [format!("/{byte}"), format!("/?{byte}"), format!("http://h/{byte}?{byte}")] {
                let (read, is_taken) = (read(&target), target.parse::<Uri>().is_ok());
                assert_eq!(read == target, is_taken, "{target}");
                assert!(read.parse::<Uri>().is_ok(), "{read}");
            }
        }
    }

    #[test]
    fn a_path_and_a_query_are_encoded_apart() {
        assert_eq!(read("/a<b>`\"?c<d>`\"?`"), "/a%3Cb%3E%60\"?c%3Cd%3E`%22?`");
        assert_eq!(read("http://h?\""), "http://h?%22");
    }

    #[test]
    fn what_is_no_path_stays_as_it_is() {
        for target in ["*", "h:80", "h<b:80", "http://h<b>"] {
            assert_eq!(read(target), target);
        }
        assert_eq!(read("http://h<b>/<"), "http://h<b>/%3C");
    }

    #[test]
    fn a_request_line_has_two_single_spaces_and_a_version_that_is_spoken() {
        for line in [
            "GET  / HTTP/1.1",
            "GET /  HTTP/1.1",
            "GET / HTTP/1.1 ",
            "GET\t/ HTTP/1.1",
            "GET /a b HTTP/1.1",
            "GET  HTTP/1.1",
            "GET HTTP/1.1",
            "GET /",
            "GET / HTTP/0.9",
            "GET / HTTP/1.2",
            "GET / HTTP/2.0",
            "GET / HTTP/1.10",
            "GET / http/1.1",
            "GET /\u{e9} HTTP/1.1",
            "GET /\u{7f} HTTP/1.1",
            "GET /\r HTTP/1.1",
        ] {
            assert_eq!(request_line(line.as_bytes()), None, "{line:?}");
        }
        assert!(request_line(b"GET / HTTP/1.0").unwrap().is_http_10);
    }

    proptest! {
        #[test]
        fn any_printable_path_is_served(target in "/[!-~]{0,40}") {
            let read = read(&target);
            prop_assert!(read.parse::<Uri>().is_ok(), "{}", read);
            prop_assert!(read.len() <= 3 * target.len());
        }

        #[test]
        fn any_line_can_be_read(line in prop::collection::vec(any::<u8>(), 0..60)) {
            request_line(&line);
            encoded(&line);
        }
    }
}
