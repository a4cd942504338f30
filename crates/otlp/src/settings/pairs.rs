//! `key=value,key=value`, as headers and attributes stand in a variable: W3C's form of baggage, its values percent-encoded.

use percent_encoding::percent_decode_str;

/// The pairs of a text, and the places of entries that are none, from 1.
pub(crate) fn parse(text: &str) -> (Vec<(String, String)>, Vec<usize>) {
    let (mut pairs, mut bad) = (vec![], vec![]);
    for (at, entry) in text.split(',').enumerate().filter(|(_, entry)| !entry.trim().is_empty()) {
        match pair(entry) {
            Some(pair) => pairs.push(pair),
            None => bad.push(at + 1),
        }
    }
    (pairs, bad)
}

fn pair(entry: &str) -> Option<(String, String)> {
    let (key, value) = entry.split_once('=')?;
    let key = percent_decode_str(key.trim()).decode_utf8().ok()?;
    let value = percent_decode_str(value.trim()).decode_utf8().ok()?;
    (!key.is_empty()).then(|| (key.into_owned(), value.into_owned()))
}

#[cfg(test)]
mod tests {
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_entry_that_is_none_is_told_by_its_place_and_the_others_hold() {
        let (pairs, bad) = parse("api-key=a%3Db , tenant = x==,,broken,=y,z=%ff");
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(pairs, [pair("api-key", "a=b"), pair("tenant", "x==")]);
        assert_eq!(bad, [4, 5, 6]);
        assert_eq!(parse(" "), (vec![], vec![]));
    }

    proptest! {
        #[test]
        fn whatever_is_written_by_the_rule_is_read_back(all in prop::collection::vec(("[a-z][a-z0-9-]{0,8}", ".{0,12}"), 0..6)) {
            let written: Vec<_> = all
                .iter()
                .map(|(key, value)| format!("{key}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
                .collect();
            prop_assert_eq!(parse(&written.join(",")), (all, vec![]));
        }

        #[test]
        fn any_text_is_read_without_harm(text in ".{0,64}") {
            let (pairs, bad) = parse(&text);
            prop_assert!(pairs.len() + bad.len() <= text.split(',').count());
        }
    }
}
