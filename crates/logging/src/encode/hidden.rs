//! Characters that a terminal or an eye would take for something else than text.
//!
//! In a line for people, a line end would begin a forged line, an escape code would hide or colour text, and a change of
//! direction would show it in another order. They are shown by the escapes of JSON.

use std::{borrow::Cow, fmt::Write};

/// Whether the character is not shown as it is: a control, a line end of Unicode, a mark of direction.
const fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\0'..='\x1f'
            | '\x7f'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

/// Text of others for a terminal: controls, line ends and marks of direction are shown by the escapes of JSON, as in lines for people.
///
/// ```
/// assert_eq!(greenroom_logging::visible("\u{1b}[31mred\n"), r"\u001b[31mred\n");
/// ```
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return text.into();
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => shown.push_str("\\n"),
            '\r' => shown.push_str("\\r"),
            '\t' => shown.push_str("\\t"),
            c if is_hidden(c) => drop(write!(shown, "\\u{:04x}", u32::from(c))),
            c => shown.push(c),
        }
    }
    shown.into()
}

/// JSON for a terminal: the same characters are escaped in its texts, which changes no value. Its own line ends stay.
///
/// ```
/// let json = serde_json::to_string_pretty(&["a\u{202e}\u{9b}"]).unwrap();
/// assert_eq!(greenroom_logging::visible_json(&json), "[\n  \"a\\u202e\\u009b\"\n]");
/// ```
pub fn visible_json(json: &str) -> Cow<'_, str> {
    let is_hidden = |c| c != '\n' && is_hidden(c);
    if !json.contains(is_hidden) {
        return json.into();
    }
    let mut shown = String::with_capacity(json.len() + 16);
    for c in json.chars() {
        if is_hidden(c) {
            let _ = write!(shown, "\\u{:04x}", u32::from(c));
        } else {
            shown.push(c);
        }
    }
    shown.into()
}

/// Shows what is hidden in the bytes from that place on, which are UTF-8.
pub(super) fn show(out: &mut Vec<u8>, from: usize) {
    if out[from..].iter().all(|byte| matches!(byte, b' '..=b'~')) {
        return;
    }
    let Ok(text) = std::str::from_utf8(&out[from..]) else { return };
    if let Cow::Owned(shown) = visible(text) {
        out.truncate(from);
        out.extend_from_slice(shown.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        let mut out = b"\x1b[2m".to_vec();
        out.extend_from_slice(text.as_bytes());
        show(&mut out, 4);
        String::from_utf8(out).unwrap().strip_prefix("\x1b[2m").unwrap().to_owned()
    }

    #[test]
    fn what_is_hidden_is_shown_by_its_escape() {
        assert_eq!(shown("a\nb\r\tc"), "a\\nb\\r\\tc");
        assert_eq!(shown("\u{1b}[31m\u{7f}\u{9b}2J"), "\\u001b[31m\\u007f\\u009b2J");
        assert_eq!(shown("\u{202e}\u{2028}\u{2066}\u{200f}\u{61c}"), "\\u202e\\u2028\\u2066\\u200f\\u061c");
        assert_eq!(shown("h\u{e9}llo \u{1F600} \\n"), "h\u{e9}llo \u{1F600} \\n");
    }

    proptest! {
        #[test]
        fn nothing_hidden_is_left(text in any::<String>()) {
            prop_assert!(!shown(&text).contains(|c: char| c.is_control() || is_hidden(c)));
        }
    }
}
