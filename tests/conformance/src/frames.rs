//! WebSocket frames as recordings show them: a line for each.
//!
//! ```text
//! # frame text {"url":"/api/ws/open"}
//! # frame close 1000
//! ```
//!
//! Only what a server sends unmasked and in one piece, up to 64 KiB.

const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;

/// The bytes of the frames in these lines; `None` when a line is no frame.
pub(crate) fn bytes(lines: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for line in lines.lines() {
        let (kind, payload) = match line.strip_prefix("# frame ")?.split_once(' ')? {
            ("text", text) => (TEXT, text.as_bytes().to_vec()),
            ("close", code) => (CLOSE, code.parse::<u16>().ok()?.to_be_bytes().to_vec()),
            _ => return None,
        };
        bytes.push(kind);
        match u8::try_from(payload.len()) {
            Ok(short @ ..126) => bytes.push(short),
            _ => {
                bytes.push(126);
                bytes.extend(u16::try_from(payload.len()).ok()?.to_be_bytes());
            }
        }
        bytes.extend(payload);
    }
    Some(bytes)
}

/// The lines of these frames; `None` when they are none that recordings show.
pub(crate) fn lines(mut bytes: &[u8]) -> Option<String> {
    let mut lines = String::new();
    while let [kind, rest @ ..] = bytes {
        let (length, rest) = match rest {
            [126, high, low, rest @ ..] => (u16::from_be_bytes([*high, *low]).into(), rest),
            [short @ ..126, rest @ ..] => (usize::from(*short), rest),
            _ => return None,
        };
        let (payload, rest) = rest.split_at_checked(length)?;
        let line = match *kind {
            TEXT => format!("# frame text {}\n", std::str::from_utf8(payload).ok()?),
            CLOSE => format!("# frame close {}\n", u16::from_be_bytes(payload.try_into().ok()?)),
            _ => return None,
        };
        lines.push_str(&line);
        bytes = rest;
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_bytes_say_the_same() {
        let long = "x".repeat(300);
        let text = format!("# frame text hello\n# frame text {long}\n# frame close 1000\n");
        let frames = [&b"\x81\x05hello\x81\x7e\x01\x2c"[..], long.as_bytes(), b"\x88\x02\x03\xe8"].concat();
        assert_eq!(bytes(&text).as_deref(), Some(&frames[..]));
        assert_eq!(lines(&frames), Some(text));
    }

    #[test]
    fn what_is_no_such_frame_is_none() {
        for no_frames in
            [&b"\x81"[..], b"\x81\x05hell", b"\x81\x85\0\0\0\0hello", b"\x88\x01\x03", b"\x01\x01a"]
        {
            assert_eq!(lines(no_frames), None, "{no_frames:?}");
        }
        assert_eq!((bytes("# frame ping"), bytes("hello")), (None, None));
    }
}
