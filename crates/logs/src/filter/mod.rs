//! Which records are shown.

mod matches;
mod parse;
mod term;

use std::{fmt, str::FromStr};

pub use parse::FilterError;

pub(crate) use matches::Matcher;
use term::{Demand, Term, Value};

/// What a record must have, and must not: all terms of it hold.
///
/// ```
/// use greenroom_logs::Filter;
///
/// let filter: Filter = r#"plugin=catalog status:>=500 -type:incomingRequest "took too long""#.parse().unwrap();
/// assert_eq!(filter.to_string(), r#"plugin:catalog status:>=500 -type:incomingRequest "took too long""#);
/// ```
///
/// | term | meaning |
/// | --- | --- |
/// | `field:value`, `field=value` | the field has this value; `*` in it stands for anything |
/// | `field:"a value"` | the same, with spaces; `*` is a `*` in quotes |
/// | `field:*` | there is such a field |
/// | `field:>5`, `>=`, `<`, `<=` | it is such a number |
/// | `a.b:value` | the field `a.b`, or `b` in the object `a` |
/// | `word`, `"some text"` | the message or the stack has the text, in whatever case |
/// | `-term` | the term does not hold |
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    terms: Vec<Term>,
}

impl Filter {
    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a word of a command line can only be meant as a file's path: it has a `/` or a log's ending, and asks for no
    /// field.
    pub fn is_like_a_path(word: &str) -> bool {
        let is_filter = word.starts_with(['"', '-'])
            || word.contains(char::is_whitespace)
            || word
                .find([':', '='])
                .is_some_and(|end| term::is_field(&word[..end]) && !word[..end].contains('/'));
        !is_filter && (word.contains('/') || [".log", ".json", ".txt"].iter().any(|end| word.ends_with(end)))
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Ok(Self { terms: parse::terms(text)? })
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, term) in self.terms.iter().enumerate() {
            if nth > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{term}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        term::{Comparison, is_special},
        *,
    };

    fn value() -> impl Strategy<Value = Value> {
        let part = "[a-z<>*\"\\\\ :=\u{1}é-]{0,4}";
        let comparison = prop_oneof![
            Just(Comparison::Less),
            Just(Comparison::AtMost),
            Just(Comparison::More),
            Just(Comparison::AtLeast)
        ];
        prop_oneof![
            Just(Value::Any),
            part.prop_map(Value::Exactly),
            (part, proptest::collection::vec("[a-z<>*\"\\\\ -]{1,3}", 0..3), part).prop_filter_map(
                "two stars alone are any",
                |(first, middle, last)| {
                    let parts: Vec<_> = [first].into_iter().chain(middle).chain([last]).collect();
                    (parts != [String::new(), String::new()]).then_some(Value::Glob(parts))
                }
            ),
            (comparison, any::<f64>().prop_filter("finite", |n| n.is_finite()))
                .prop_map(|(comparison, number)| Value::Number(comparison, number)),
        ]
    }

    fn filter() -> impl Strategy<Value = Filter> {
        let demand = prop_oneof![
            "[a-z:=\"\\\\ *<>é-]{1,6}".prop_map(Demand::Text),
            ("[a-z_@$][a-zA-Z0-9_.@$/-]{0,6}", value())
                .prop_map(|(field, value)| Demand::Field(field, value)),
        ];
        let term = (any::<bool>(), demand).prop_map(|(negated, demand)| Term { negated, demand });
        proptest::collection::vec(term, 0..5).prop_map(|terms| Filter { terms })
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_a_filter_or_an_error_with_a_place_in_it(text in "\\PC{0,40}|[a-z:=\"\\\\*<> -]{0,20}|(?s).{0,20}") {
            match text.parse::<Filter>() {
                Ok(filter) => prop_assert_eq!(filter.to_string().parse::<Filter>(), Ok(filter)),
                Err(error) => {
                    prop_assert!(text.is_char_boundary(error.at()));
                    prop_assert!(error.to_string().ends_with('^'));
                }
            }
        }

        #[test]
        fn a_filter_that_is_written_is_read_as_the_same(filter in filter()) {
            prop_assert_eq!(filter.to_string().parse::<Filter>(), Ok(filter));
        }
    }

    #[test]
    fn the_caret_stands_below_what_is_wrong() {
        for (text, at, told) in [
            ("plugin:", 7, "a value belongs here"),
            ("a:1 plugin: b", 11, "a value belongs here"),
            ("status:>x", 8, "a number belongs behind >"),
            ("status:<=", 9, "a number belongs behind <="),
            ("\"open", 0, "this quote has no end"),
            ("a:\"open", 2, "this quote has no end"),
            ("\"a\"b", 3, "a space belongs behind"),
            ("a b\"c", 3, "a text with a quote"),
            ("a:b\"c", 3, "a quote within a value"),
            ("-", 1, "what must not be there"),
            ("--level", 1, "one - is enough"),
            ("\"\"", 0, "a text to look for"),
            ("a:\\", 2, "a character belongs behind"),
        ] {
            let error = text.parse::<Filter>().unwrap_err();
            assert_eq!(error.at(), at, "{error}");
            assert!(error.to_string().starts_with(told), "{error}");
        }
    }

    #[test]
    fn the_sign_of_a_field_may_be_either_and_an_address_is_text() {
        let filter = |text: &str| text.parse::<Filter>().unwrap();
        assert_eq!(filter("plugin=catalog"), filter("plugin:catalog"));
        assert_eq!(filter("a:**"), filter("a:*"));
        assert_eq!(filter("http://x").to_string(), "\"http://x\"");
        assert_eq!(filter("14:05").to_string(), "\"14:05\"");
        assert!(is_special('*'));
    }

    #[test]
    fn a_path_is_told_from_a_filter() {
        for path in ["a.log", "dir/x", "/var/log/x", "x.json", "out.txt", "./x:y", "a/b:c"] {
            assert!(Filter::is_like_a_path(path), "{path}");
        }
        for filter in ["url:/api/x", "-url:/x", "\"GET /api\"", "GET /x", "word", "file=a.log", "-x.log"] {
            assert!(!Filter::is_like_a_path(filter), "{filter}");
        }
    }

    #[test]
    fn too_many_terms_are_refused() {
        assert!("a ".repeat(100).parse::<Filter>().is_ok());
        assert!("a ".repeat(101).parse::<Filter>().is_err());
    }
}
