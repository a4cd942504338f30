//! Bytes of a line as clean text.

use std::borrow::Cow;

/// The text without its line end: U+FFFD for what is no UTF-8, no carriage return, `\u0000` for NUL.
pub(crate) fn text(raw: &[u8]) -> Cow<'_, str> {
    let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
    let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
    let text = match std::str::from_utf8(raw) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(raw),
    };
    if memchr::memchr2(b'\r', 0, text.as_bytes()).is_none() {
        return text;
    }
    Cow::Owned(text.replace('\r', "").replace('\0', "\\u0000"))
}
