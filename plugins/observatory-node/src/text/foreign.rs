//! Text that others have written: log lines, routes, messages of errors, what a browser has sent.
//!
//! It is shown as text, whatever it is: isolated, so that its direction ends with it; characters that nobody sees are
//! written by their name; and no longer than it has a place.

use maud::{Markup, Render, html};

use super::format;
use crate::parts::details;

/// How many characters are shown unless [`Foreign::limit`] says it.
const LIMIT: usize = 300;

/// The same of a text whose lines are opened.
const LONGEST: usize = 4000;

/// Shows a text of somebody else's.
///
/// ```
/// use greenroom_plugin_observatory_node::foreign;
/// use maud::Render;
///
/// assert_eq!(foreign("<b>\u{202e}").render().into_string(), "<bdi>&lt;b&gt;⟨U+202E⟩</bdi>");
/// assert_eq!(foreign("abcdef").limit(3).render().into_string(), "<bdi>abc</bdi><span class=\"quiet\">… of 6\u{a0}B</span>");
/// ```
pub fn foreign(text: &str) -> Foreign<'_> {
    Foreign { text, limit: LIMIT, lines: false }
}

/// Shows a text of several lines: its first one, and all of them for whoever opens them.
///
/// ```
/// use greenroom_plugin_observatory_node::foreign_lines;
///
/// assert_eq!(foreign_lines("one").into_string(), "<bdi>one</bdi>");
/// assert!(foreign_lines("one\n  two").into_string().starts_with("<bdi>one</bdi><details>"));
/// ```
pub fn foreign_lines(text: &str) -> Markup {
    let text = text.trim_end();
    let first = text.trim_start().lines().next().unwrap_or_default();
    html! {
        (foreign(first.trim_end()))
        @if text.trim_start().contains('\n') {
            (details(html! { span.small { "All of its lines" } }, html! { pre.trace { (foreign(text).lines().limit(LONGEST)) } }))
        }
    }
}

/// As [`foreign`], for an attribute, an `<option>` or a sentence: as text alone.
pub fn foreign_plain(text: &str) -> String {
    let (shown, cut) = visible(text, LIMIT, false);
    if cut { format!("{shown}…") } else { shown }
}

/// See [`foreign`].
#[must_use = "it is shown by maud"]
#[derive(Clone, Copy, Debug)]
pub struct Foreign<'a> {
    text: &'a str,
    limit: usize,
    lines: bool,
}

impl Foreign<'_> {
    /// At most so many characters, instead of 300.
    pub fn limit(mut self, characters: usize) -> Self {
        self.limit = characters;
        self
    }

    /// Line breaks and tabs stay what they are: for places that keep them.
    pub fn lines(mut self) -> Self {
        self.lines = true;
        self
    }
}

impl Render for Foreign<'_> {
    fn render(&self) -> Markup {
        let (shown, cut) = visible(self.text, self.limit, self.lines);
        html! {
            bdi { (shown) }
            @if cut { span.quiet { "… of " (format::bytes(self.text.len() as u64)) } }
        }
    }
}

/// The beginning with all that nobody sees written out, and whether there is more.
fn visible(text: &str, limit: usize, lines: bool) -> (String, bool) {
    let mut characters = text.chars();
    let mut shown = String::with_capacity(text.len().min(limit * 2));
    for character in characters.by_ref().take(limit) {
        match character {
            '\n' | '\t' if lines => shown.push(character),
            // As code writes them. Unicode has pictures of them, for which many machines have no font.
            '\u{0}'..='\u{1f}' | '\u{7f}' => shown.extend(character.escape_default()),
            _ if is_unseen(character) => shown.push_str(&format!("⟨U+{:04X}⟩", character as u32)),
            _ => shown.push(character),
        }
    }
    (shown, characters.next().is_some())
}

/// Controls, what turns the direction of text, and what takes no place. The two joiners stay: names are written with them.
fn is_unseen(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180e}' | '\u{200b}'
            | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use maud::Render;
    use proptest::prelude::*;

    use super::*;

    fn shown(text: &str) -> String {
        foreign(text).render().into_string()
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(shown("<script>alert(1)</script>"), "<bdi>&lt;script&gt;alert(1)&lt;/script&gt;</bdi>");
        assert_eq!(foreign_plain("a\" onload=\"x"), "a\" onload=\"x", "maud escapes it where it is put");
    }

    #[test]
    fn what_nobody_sees_is_written_out() {
        assert_eq!(shown("a\u{1b}[31mb\r\n"), r"<bdi>a\u{1b}[31mb\r\n</bdi>");
        assert_eq!(shown("user\u{202e}gpj.exe"), "<bdi>user⟨U+202E⟩gpj.exe</bdi>");
        assert_eq!(foreign("a\n\tb\r").lines().render().into_string(), "<bdi>a\n\tb\\r</bdi>");
        assert_eq!(shown("👩‍💻 نامه‌ای"), "<bdi>👩‍💻 نامه‌ای</bdi>");
    }

    #[test]
    fn a_long_text_is_cut_and_its_length_told() {
        let page = shown(&"x".repeat(1 << 20));
        assert!(page.len() < 400, "{}", page.len());
        assert!(page.ends_with("</bdi><span class=\"quiet\">… of 1.0\u{a0}MiB</span>"), "{page}");
    }

    proptest! {
        #[test]
        fn no_text_gets_out_of_its_place(text in any::<String>()) {
            let shown = shown(&text);
            let inner = shown.strip_prefix("<bdi>").unwrap().split("</bdi>").next().unwrap();
            prop_assert!(!inner.contains(['<', '>', '"']));
            prop_assert!(!inner.chars().any(is_unseen));
        }
    }
}
