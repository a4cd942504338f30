//! Text that cannot drive the terminal it is shown on.

use std::borrow::Cow;

/// The text with its control characters, and those that change the direction of writing, as `\u001b`.
pub(crate) fn escaped(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|byte| (b' '..0x7f).contains(&byte)) || !text.chars().any(drives) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if drives(c) => safe.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

fn drives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_drives_a_terminal_is_shown_and_all_else_stays() {
        assert_eq!(
            escaped("\u{1b}]0;title\u{7}\u{9b}2J a\tb\r\n"),
            "\\u001b]0;title\\u0007\\u009b2J a\\tb\\r\\n"
        );
        assert_eq!(escaped("\u{202e}gpj.exe"), "\\u202egpj.exe");
        assert!(matches!(escaped("Grüße, 世界 ✅"), Cow::Borrowed(_)));
    }

    proptest! {
        #[test]
        fn nothing_that_drives_a_terminal_is_left(text in "(?s).{0,40}") {
            prop_assert!(!escaped(&text).chars().any(drives));
        }
    }
}
