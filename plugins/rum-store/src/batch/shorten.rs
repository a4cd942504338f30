//! What is too long to be kept whole: its small members, and the beginnings of its texts.

use std::{borrow::Cow, collections::HashSet};

use serde_json::Value;

use crate::{text::first_bytes, view::IS_CUT};

/// How much of a text is kept then.
const LONGEST: usize = 4 << 10;

/// The object of this JSON in so many bytes: long texts end early, and then the largest members go, lists and objects first.
pub(super) fn shortened(json: &str, most: usize) -> Cow<'_, str> {
    if json.len() <= most {
        return Cow::Borrowed(json);
    }
    let Ok(Value::Object(mut members)) = serde_json::from_str(json) else { return Cow::Borrowed("{}") };
    for value in members.values_mut() {
        if let Value::String(text) = value {
            let kept = first_bytes(text, LONGEST).len();
            text.truncate(kept);
        }
    }
    members.insert(IS_CUT.to_owned(), true.into());
    let mut sizes: Vec<_> = members
        .iter()
        .map(|(name, value)| {
            // With its name, quotes, colon and comma; a name may have to be escaped.
            let size = Value::from(name.as_str()).to_string().len() + value.to_string().len() + 2;
            (value.is_array() || value.is_object(), size, name.clone())
        })
        .filter(|(.., name)| name != IS_CUT)
        .collect();
    sizes.sort_unstable();
    let mut left = sizes.iter().map(|(_, size, _)| size).sum::<usize>() + IS_CUT.len() + 16;
    let mut gone = HashSet::new();
    while left > most
        && let Some((_, size, name)) = sizes.pop()
    {
        gone.insert(name);
        left -= size;
    }
    members.retain(|name, _| !gone.contains(name));
    Cow::Owned(Value::Object(members).to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_short_stays_as_it_was_written() {
        assert_eq!(shortened(r#"{ "a" : 1 }"#, 100), r#"{ "a" : 1 }"#);
    }

    #[test]
    fn a_large_list_goes_and_the_beginning_of_a_stack_stays() {
        let causes = vec![json!({"message": "x".repeat(500)}); 60];
        let error = json!({"id": "1", "message": "away", "stack": "é".repeat(9_000), "causes": causes});
        let cut: Value = serde_json::from_str(&shortened(&error.to_string(), 16 << 10)).unwrap();
        let stack = "é".repeat(LONGEST / 2);
        assert_eq!(cut, json!({"id": "1", "message": "away", "stack": stack, "is_cut": true}));
    }

    proptest! {
        #[test]
        fn there_is_never_more(
            members in prop::collection::btree_map("[a-z\"\u{1}]{0,8}", "[a\"\u{1}]{0,60}", 0..30),
            most in 40_usize..400,
        ) {
            let json = json!(members).to_string();
            let cut = shortened(&json, most);
            prop_assert!(cut.len() <= most, "{cut}");
            prop_assert!(serde_json::from_str::<Value>(&cut).unwrap().is_object());
        }
    }
}
