//! JSON, read without building it: where each name, text and number stands in the bytes.
//!
//! What is found can be replaced in place, and all else stays as it was written. It must not know what an event is.

use std::{borrow::Cow, ops::Range};

/// How deep objects and lists may be within one another.
pub(crate) const DEPTH: usize = 32;

/// It is no JSON, or deeper than [`DEPTH`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// What has no parts.
pub(crate) enum Leaf<'a> {
    /// The name of a member; the path ends with it.
    Name(Text<'a>),
    /// The member at the end of the path is over.
    Left,
    /// A text.
    Text(Text<'a>),
    /// A number.
    Number(Range<usize>),
    /// `true`, `false` or `null`.
    Word,
}

/// The names above a leaf; those of list elements are empty.
pub(crate) type Path<'p, 'a> = &'p [Cow<'a, str>];

/// Calls `each` for all leaves, in order.
pub(crate) fn walk<'a>(text: &'a str, mut each: impl FnMut(Path<'_, 'a>, Leaf<'a>)) -> Result<(), Malformed> {
    let mut reader = Reader { text, at: 0, path: vec![], each: &mut each };
    reader.value(0)?;
    reader.space();
    if reader.at == text.len() { Ok(()) } else { Err(Malformed) }
}

/// A text as it is meant, and where it was written.
pub(crate) struct Text<'a> {
    /// What it means; of half a surrogate pair, U+FFFD.
    pub(crate) meant: Cow<'a, str>,
    /// Where it stands, without the quotes.
    pub(crate) range: Range<usize>,
    /// By byte of what is meant, and one behind: where that was written. Empty where there are no escapes.
    written: Vec<usize>,
}

impl Text<'_> {
    /// Where a part of what is meant was written; both ends are between characters.
    pub(crate) fn written(&self, part: Range<usize>) -> Range<usize> {
        match self.written.is_empty() {
            true => self.range.start + part.start..self.range.start + part.end,
            false => self.written[part.start]..self.written[part.end],
        }
    }
}

struct Reader<'a, 'e> {
    text: &'a str,
    at: usize,
    path: Vec<Cow<'a, str>>,
    each: &'e mut dyn FnMut(Path<'_, 'a>, Leaf<'a>),
}

impl<'a> Reader<'a, '_> {
    /// Calls itself no deeper than [`DEPTH`].
    fn value(&mut self, depth: usize) -> Result<(), Malformed> {
        self.space();
        match self.peek().ok_or(Malformed)? {
            b'{' => self.members(depth + 1),
            b'[' => self.elements(depth + 1),
            b'"' => {
                let text = self.text()?;
                (self.each)(&self.path, Leaf::Text(text));
                Ok(())
            }
            b'-' | b'0'..=b'9' => {
                let number = self.number()?;
                (self.each)(&self.path, Leaf::Number(number));
                Ok(())
            }
            _ => {
                let rest = &self.text[self.at..];
                let word = ["true", "false", "null"].into_iter().find(|word| rest.starts_with(word));
                self.at += word.ok_or(Malformed)?.len();
                (self.each)(&self.path, Leaf::Word);
                Ok(())
            }
        }
    }

    fn members(&mut self, depth: usize) -> Result<(), Malformed> {
        self.open(depth)?;
        if self.takes(b'}') {
            return Ok(());
        }
        loop {
            self.space();
            if self.peek() != Some(b'"') {
                return Err(Malformed);
            }
            let name = self.text()?;
            self.path.push(name.meant.clone());
            (self.each)(&self.path, Leaf::Name(name));
            self.space();
            self.take(b':')?;
            self.value(depth)?;
            (self.each)(&self.path, Leaf::Left);
            self.path.pop();
            self.space();
            if self.takes(b'}') {
                return Ok(());
            }
            self.take(b',')?;
        }
    }

    fn elements(&mut self, depth: usize) -> Result<(), Malformed> {
        self.open(depth)?;
        if self.takes(b']') {
            return Ok(());
        }
        self.path.push(Cow::Borrowed(""));
        loop {
            self.value(depth)?;
            self.space();
            if self.takes(b']') {
                self.path.pop();
                return Ok(());
            }
            self.take(b',')?;
        }
    }

    fn open(&mut self, depth: usize) -> Result<(), Malformed> {
        self.at += 1;
        self.space();
        if depth > DEPTH { Err(Malformed) } else { Ok(()) }
    }

    fn number(&mut self) -> Result<Range<usize>, Malformed> {
        let start = self.at;
        self.takes(b'-');
        if !self.takes(b'0') {
            self.digits()?;
        }
        if self.takes(b'.') {
            self.digits()?;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _ = self.takes(b'+') || self.takes(b'-');
            self.digits()?;
        }
        Ok(start..self.at)
    }

    fn digits(&mut self) -> Result<(), Malformed> {
        let rest = &self.text.as_bytes()[self.at..];
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        self.at += count;
        if count == 0 { Err(Malformed) } else { Ok(()) }
    }

    fn text(&mut self) -> Result<Text<'a>, Malformed> {
        self.take(b'"')?;
        let start = self.at;
        let plain = |byte: &u8| !matches!(byte, b'"' | b'\\' | 0..=0x1f);
        self.at += self.text.as_bytes()[start..].iter().take_while(|byte| plain(byte)).count();
        if self.takes(b'"') {
            let range = start..self.at - 1;
            return Ok(Text { meant: Cow::Borrowed(&self.text[range.clone()]), range, written: vec![] });
        }
        self.escaped(start)
    }

    /// The rest of a text that has escapes.
    fn escaped(&mut self, start: usize) -> Result<Text<'a>, Malformed> {
        let mut meant = self.text[start..self.at].to_owned();
        let mut written: Vec<usize> = (start..self.at).collect();
        loop {
            let at = self.at;
            let c = match self.text[at..].chars().next().ok_or(Malformed)? {
                '"' => break,
                '\\' => self.escape()?,
                '\0'..='\x1f' => return Err(Malformed),
                c => {
                    self.at += c.len_utf8();
                    c
                }
            };
            meant.push(c);
            written.resize(meant.len(), at);
        }
        written.push(self.at);
        let range = start..self.at;
        self.at += 1;
        Ok(Text { meant: Cow::Owned(meant), range, written })
    }

    fn escape(&mut self) -> Result<char, Malformed> {
        self.at += 1;
        let kind = self.peek().ok_or(Malformed)?;
        self.at += 1;
        Ok(match kind {
            b'"' | b'\\' | b'/' => char::from(kind),
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let first = self.unit()?;
                let behind = self.at;
                if let 0xd800..=0xdbff = first
                    && self.takes(b'\\')
                    && self.takes(b'u')
                    && let second @ 0xdc00..=0xdfff = self.unit()?
                {
                    let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                    return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                self.at = behind;
                char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(Malformed),
        })
    }

    /// Four hexadecimal digits.
    fn unit(&mut self) -> Result<u32, Malformed> {
        let digits = self.text.get(self.at..self.at + 4).ok_or(Malformed)?;
        if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(Malformed);
        }
        self.at += 4;
        u32::from_str_radix(digits, 16).map_err(|_| Malformed)
    }

    fn space(&mut self) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn take(&mut self, byte: u8) -> Result<(), Malformed> {
        if self.takes(byte) { Ok(()) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;
    use serde_json::{Map, Value};

    use super::*;

    fn leaves(text: &str) -> Result<Vec<(String, String)>, Malformed> {
        let mut found = vec![];
        walk(text, |path, leaf| {
            let told = match leaf {
                Leaf::Name(_) | Leaf::Left => return,
                Leaf::Text(text) => format!("{}={}", text.meant, &text_of(&text)),
                Leaf::Number(range) => text[range].to_owned(),
                Leaf::Word => "word".to_owned(),
            };
            found.push((path.join("."), told));
        })?;
        Ok(found)
    }

    /// What is meant, character by character, with its own place.
    fn text_of(text: &Text<'_>) -> String {
        let places = text.meant.char_indices().map(|(at, c)| text.written(at..at + c.len_utf8()).len());
        places.map(|length| length.to_string()).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn each_leaf_is_told_with_its_path_and_place() {
        assert_eq!(
            leaves(r#" {"a":{"b":[1,-2.5e3,"x\u0040\n\ud83d\ude00é"]}, "\u0063":null} "#).unwrap(),
            [
                ("a.b.".to_owned(), "1".to_owned()),
                ("a.b.".to_owned(), "-2.5e3".to_owned()),
                ("a.b.".to_owned(), "x@\n\u{1f600}é=1,6,2,12,2".to_owned()),
                ("c".to_owned(), "word".to_owned()),
            ]
        );
        assert_eq!(leaves(r#""\ud800x\ud800\u0041""#).unwrap()[0].1, "\u{fffd}x\u{fffd}A=6,1,6,6");
    }

    #[test]
    fn what_is_too_deep_is_refused_before_the_stack_is() {
        let nested = |depth: usize| format!("{}1{}", "[".repeat(depth), "]".repeat(depth));
        assert!(leaves(&nested(DEPTH)).is_ok());
        assert_eq!(leaves(&nested(DEPTH + 1)), Err(Malformed));
        assert_eq!(leaves(&"[".repeat(1 << 20)), Err(Malformed));
        assert_eq!(leaves(&r#"{"a":"#.repeat(1 << 17)), Err(Malformed));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC{0,12}|[\"\\\\\u{0}-\u{1f}a]{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            let members = prop::collection::vec(("\\PC{0,4}", inner.clone()), 0..5);
            prop_oneof![
                prop::collection::vec(inner, 0..5).prop_map(Value::from),
                members.prop_map(|members| Value::Object(Map::from_iter(members))),
            ]
        })
    }

    proptest! {
        #[test]
        fn all_json_is_read(value in value()) {
            let texts = [value.to_string(), serde_json::to_string_pretty(&value).unwrap()];
            for text in texts {
                let mut read = vec![];
                walk(&text, |_, leaf| if let Leaf::Name(text) | Leaf::Text(text) = leaf {
                    read.push(text.meant.into_owned());
                }).unwrap();
                let mut meant = vec![];
                texts_of(&value, &mut meant);
                prop_assert_eq!(read, meant);
            }
        }

        #[test]
        fn nothing_else_is(text in "[\\[\\]{}\",:0-9.eE+ -]{0,12}|(\\{\"a\":)?(\"\\\\[u\"a-f0-9]{0,8}\"|tru?e|nul{1,2}|[-+0-9.eE]{1,8})\\}?") {
            let is_json = serde_json::from_str::<IgnoredAny>(&text).is_ok();
            prop_assert_eq!(walk(&text, |_, _| {}).is_ok(), is_json, "{}", text);
        }
    }

    fn texts_of(value: &Value, into: &mut Vec<String>) {
        match value {
            Value::String(text) => into.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| texts_of(item, into)),
            Value::Object(members) => members.iter().for_each(|(name, member)| {
                into.push(name.clone());
                texts_of(member, into);
            }),
            _ => {}
        }
    }
}
