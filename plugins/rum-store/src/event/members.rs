//! The members of a JSON object as they are written, without reading what is in them.

use memchr::memchr2;

/// Each member of an object: its name, as it is written between its quotes, and its value. Ends at what is no JSON; that a value is
/// JSON finds out who reads it.
pub(crate) struct Members<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Members<'a> {
    /// `None` if it is no object.
    pub(crate) fn of(text: &'a str) -> Option<Self> {
        let start = text.len() - text.trim_ascii_start().len();
        (text.as_bytes().get(start) == Some(&b'{')).then_some(Self { text, at: start + 1 })
    }

    fn skip(&mut self, bytes: &[u8]) {
        let rest = &self.text.as_bytes()[self.at..];
        self.at += rest.iter().take_while(|byte| bytes.contains(byte)).count();
    }

    /// Behind a text whose first quote is here.
    fn end_of_text(&self, start: usize) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let mut at = start + 1;
        loop {
            at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
            match bytes[at] {
                b'"' => return Some(at + 1),
                _ => at += 2,
            }
        }
    }

    /// Behind the value that begins here.
    fn end_of_value(&self) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let (mut at, mut depth) = (self.at, 0_usize);
        loop {
            match *bytes.get(at)? {
                b'"' => at = self.end_of_text(at)?,
                b'{' | b'[' => (at, depth) = (at + 1, depth + 1),
                b'}' | b']' if depth == 0 => return Some(at),
                b'}' | b']' => (at, depth) = (at + 1, depth - 1),
                b',' if depth == 0 => return Some(at),
                _ => at += 1,
            }
            if depth == 0 && matches!(bytes[at - 1], b'"' | b'}' | b']') {
                return Some(at);
            }
        }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, &'a str);

    fn next(&mut self) -> Option<Self::Item> {
        self.skip(b" \t\n\r,");
        let name = self.at;
        if self.text.as_bytes().get(name) != Some(&b'"') {
            return None;
        }
        self.at = self.end_of_text(name)?;
        let name = self.text.get(name + 1..self.at - 1)?;
        self.skip(b" \t\n\r:");
        let value = self.at;
        self.at = self.end_of_value()?;
        Some((name, self.text.get(value..self.at)?.trim_ascii_end()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::*;

    fn members(text: &str) -> Vec<(&str, &str)> {
        Members::of(text).unwrap().collect()
    }

    #[test]
    fn each_member_is_as_it_was_written() {
        let text = r#" { "a" : 1.0e1 ,"b":{"x":[1,{"y":"}\""}]}, "c\n":"a,b}\\","d":null,"e":[] }"#;
        let expected = [
            ("a", "1.0e1"),
            ("b", r#"{"x":[1,{"y":"}\""}]}"#),
            (r"c\n", r#""a,b}\\""#),
            ("d", "null"),
            ("e", "[]"),
        ];
        assert_eq!(members(text), expected);
        assert_eq!(members("{}"), []);
        assert!(Members::of("[1]").is_none() && Members::of("").is_none());
    }

    fn object() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<i64>().prop_map(Value::from),
            "[a-z\"\\\\{}\\[\\],: é]{0,8}".prop_map(Value::from),
        ];
        let value = leaf.prop_recursive(3, 16, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::vec(("[a-z\"{}]{0,4}", inner), 0..4)
                    .prop_map(|members| Value::Object(Map::from_iter(members))),
            ]
        });
        value.prop_map(|value| json!({"first": value, "last": value}))
    }

    proptest! {
        #[test]
        fn what_is_json_is_taken_apart(object in object(), is_pretty: bool) {
            let text = if is_pretty { format!("{object:#}") } else { object.to_string() };
            let read: Vec<_> = members(&text).into_iter().map(|(name, value)| (name, serde_json::from_str(value).unwrap())).collect();
            prop_assert_eq!(read, [("first", object["first"].clone()), ("last", object["last"].clone())]);
        }

        #[test]
        fn any_text_ends(text in "\\PC{0,40}|\\{[\\[\\]{}\",:0-9a\\\\é ]{0,40}") {
            if let Some(members) = Members::of(&text) {
                prop_assert!(members.count() <= text.len());
            }
        }
    }
}
