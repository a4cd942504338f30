//! Where in a page a value stands: what is harmless there, and how the rest is written.

use std::fmt::Write;

/// What a value stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Text, an attribute, a comment.
    Markup,
    /// The text of a script.
    Script,
}

impl Place {
    /// Writes a value so that it stays one: it ends nothing and begins nothing.
    pub(super) fn escape(self, value: &str, out: &mut String) {
        for c in value.chars() {
            match (self, c) {
                (Self::Markup, '&') => out.push_str("&amp;"),
                (Self::Markup, '<') => out.push_str("&lt;"),
                (Self::Markup, '>') => out.push_str("&gt;"),
                (Self::Markup, '"') => out.push_str("&quot;"),
                (Self::Markup, '\'') => out.push_str("&#39;"),
                (Self::Markup, '`') => out.push_str("&#96;"),
                (Self::Script, '\\') => out.push_str("\\\\"),
                (Self::Script, '\n') => out.push_str("\\n"),
                // In every kind of quotes, of JavaScript and of JSON.
                (
                    Self::Script,
                    '"' | '\'' | '`' | '<' | '>' | '$' | '\0'..='\x1f' | '\u{2028}' | '\u{2029}',
                ) => {
                    // Nothing fails that writes to a text.
                    let _ = write!(out, "\\u{:04x}", c as u32);
                }
                (_, c) => out.push(c),
            }
        }
    }
}

/// Follows a page that is being written.
#[derive(Debug, Default)]
pub(super) struct Places {
    state: State,
    /// What lies before is read.
    read: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    Comment,
    /// Within `<…>`, perhaps within quotes.
    Tag {
        is_script: bool,
        quote: Option<u8>,
    },
    Script,
}

impl Places {
    /// What a value at the end of this text stands in. The text is the one of the last call, and more.
    pub(super) fn at_end_of(&mut self, text: &str) -> Place {
        while self.step(text.as_bytes()) {}
        if self.state == State::Script { Place::Script } else { Place::Markup }
    }

    /// Goes on to the next change; false if there is none.
    fn step(&mut self, text: &[u8]) -> bool {
        let rest = &text[self.read..];
        let (length, state) = match self.state {
            State::Text => {
                let Some(at) = rest.iter().position(|&c| c == b'<') else {
                    self.read = text.len();
                    return false;
                };
                let tag = &rest[at + 1..];
                if tag.starts_with(b"!--") {
                    (at + 4, State::Comment)
                } else if tag.first().is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, b'/' | b'!')) {
                    let is_script =
                        begins(tag, b"script") && tag.get(6).is_none_or(|c| !c.is_ascii_alphanumeric());
                    // Its name may not be complete yet.
                    if tag.len() <= 6 && tag.iter().all(u8::is_ascii_alphabetic) {
                        self.read += at;
                        return false;
                    }
                    (at + 2, State::Tag { is_script, quote: None })
                } else if tag.is_empty() {
                    self.read += at;
                    return false;
                } else {
                    (at + 1, State::Text)
                }
            }
            State::Comment => match find(rest, b"-->") {
                Some(at) => (at + 3, State::Text),
                None => return self.stay(text, 2),
            },
            State::Script => match find_tag_end(rest) {
                Some(at) => (at + 8, State::Tag { is_script: false, quote: None }),
                None => return self.stay(text, 7),
            },
            State::Tag { is_script, quote: None } => {
                let Some(at) = rest.iter().position(|c| matches!(c, b'>' | b'"' | b'\'')) else {
                    return self.stay(text, 0);
                };
                match rest[at] {
                    b'>' if is_script => (at + 1, State::Script),
                    b'>' => (at + 1, State::Text),
                    quote => (at + 1, State::Tag { is_script, quote: Some(quote) }),
                }
            }
            State::Tag { is_script, quote: Some(quote) } => match rest.iter().position(|&c| c == quote) {
                Some(at) => (at + 1, State::Tag { is_script, quote: None }),
                None => return self.stay(text, 0),
            },
        };
        self.read += length;
        self.state = state;
        true
    }

    /// Nothing changes up to the end; the last bytes may be the beginning of what does.
    fn stay(&mut self, text: &[u8], kept: usize) -> bool {
        self.read = self.read.max(text.len().saturating_sub(kept));
        false
    }
}

fn begins(text: &[u8], word: &[u8]) -> bool {
    text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len()).position(|window| window == word)
}

fn find_tag_end(text: &[u8]) -> Option<usize> {
    text.windows(8).position(|window| window.eq_ignore_ascii_case(b"</script"))
}
