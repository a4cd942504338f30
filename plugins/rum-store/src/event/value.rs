//! Values of events, which a browser may write as it likes: read as what they are meant to be, or as nothing.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{self, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

/// A text; nothing, where it is of another kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text<'a>(pub(crate) Option<Cow<'a, str>>);

/// A whole number from 0 to the most that it can mean; what has a fraction is rounded, and what is beyond an end is that end. So
/// statements can add up whatever a browser has written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Whole<const MOST: i64>(pub(crate) Option<i64>);

/// How long something took, in nanoseconds: a day at most.
pub(crate) type Nanoseconds = Whole<{ 24 * 3_600 * 1_000_000_000 }>;

/// How large something is, in bytes.
pub(crate) type Bytes = Whole<{ 1 << 50 }>;

/// How many there are of something, a version, or a status.
pub(crate) type Counted = Whole<{ 1 << 31 }>;

/// Milliseconds since 1970: the year 9999 is the last one that SQL and JavaScript write alike.
pub(crate) type Date = Whole<253_402_300_799_999>;

/// A score, from 0 to a million.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Score(pub(crate) Option<f64>);

/// Yes or no; no, where it is of another kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flag(pub(crate) bool);

/// Texts of a list; one that stands alone is a list of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Texts<'a>(pub(crate) Vec<Cow<'a, str>>);

impl<'a> Text<'a> {
    pub(crate) fn as_deref(&self) -> Option<&str> {
        self.0.as_deref()
    }
}

/// What any JSON value may be taken for.
enum Any<'a> {
    Text(Cow<'a, str>),
    Number(f64),
    Whole(i64),
    Flag(bool),
    Texts(Vec<Cow<'a, str>>),
    None,
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Any<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Any<'de>, E> {
        Ok(Any::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Any<'de>, E> {
        // PostgreSQL has no place for it.
        Ok(Any::Text(Cow::Owned(text.replace('\0', "\u{fffd}"))))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Any<'de>, E> {
        Ok(Any::Whole(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Any<'de>, E> {
        Ok(i64::try_from(number).map_or(Any::Number(number as f64), Any::Whole))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Any<'de>, E> {
        Ok(Any::Number(number))
    }

    fn visit_bool<E: de::Error>(self, flag: bool) -> Result<Any<'de>, E> {
        Ok(Any::Flag(flag))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Any<'de>, E> {
        Ok(Any::None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Any<'de>, A::Error> {
        let mut texts = vec![];
        while let Some(item) = items.next_element::<Text<'de>>()? {
            texts.extend(item.0);
        }
        Ok(Any::Texts(texts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Any<'de>, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Any::None)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(match from.deserialize_any(AnyVisitor)? {
            Any::Text(text) => Some(text),
            _ => None,
        }))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Texts<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(match from.deserialize_any(AnyVisitor)? {
            Any::Text(text) => vec![text],
            Any::Texts(texts) => texts,
            _ => vec![],
        }))
    }
}

impl<'de, const MOST: i64> Deserialize<'de> for Whole<MOST> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = match from.deserialize_any(AnyVisitor)? {
            Any::Whole(number) => Some(number),
            // What is larger than there are numbers becomes the largest.
            Any::Number(number) => Some(number.round() as i64),
            _ => None,
        };
        Ok(Self(number.map(|number| number.clamp(0, MOST))))
    }
}

impl<'de> Deserialize<'de> for Score {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = match from.deserialize_any(AnyVisitor)? {
            Any::Whole(number) => Some(number as f64),
            Any::Number(number) => Some(number),
            _ => None,
        };
        Ok(Self(number.map(|number| number.clamp(0.0, 1e6))))
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self(matches!(from.deserialize_any(AnyVisitor)?, Any::Flag(true))))
    }
}

/// An object that may be `null`.
pub(crate) fn or_none<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_of_another_kind_is_none() {
        let text = |json| serde_json::from_str::<Text<'_>>(json).unwrap().0.map(Cow::into_owned);
        assert_eq!(text(r#""a""#).as_deref(), Some("a"));
        assert_eq!(text(r#""a\u0000b""#).as_deref(), Some("a\u{fffd}b"));
        for other in ["1", "null", "true", "[1]", r#"{"a":[1]}"#] {
            assert_eq!(text(other), None);
        }
        let counted = |json| serde_json::from_str::<Counted>(json).unwrap().0;
        assert_eq!([counted("1"), counted("1.6"), counted(r#""1""#)], [Some(1), Some(2), None]);
        let score = |json| serde_json::from_str::<Score>(json).unwrap().0;
        assert_eq!([score("1"), score("0.25"), score("[]")], [Some(1.0), Some(0.25), None]);
        let texts = |json| serde_json::from_str::<Texts<'_>>(json).unwrap().0;
        assert_eq!(texts(r#"["a",1,"b"]"#), ["a", "b"]);
        assert_eq!(texts(r#""a""#), ["a"]);
        assert_eq!(texts("{}"), [""; 0]);
    }

    #[test]
    fn a_number_is_no_more_and_no_less_than_it_can_mean() {
        let beyond = ["9223372036854775807", "18446744073709551615", "1e300"];
        let below = ["-1", "-9223372036854775808", "-1e300", "-0.4"];
        let day = 86_400_000_000_000;
        for json in beyond {
            assert_eq!(serde_json::from_str::<Nanoseconds>(json).unwrap().0, Some(day), "{json}");
            assert_eq!(serde_json::from_str::<Bytes>(json).unwrap().0, Some(1 << 50), "{json}");
            assert_eq!(serde_json::from_str::<Score>(json).unwrap().0, Some(1e6), "{json}");
        }
        for json in below {
            assert_eq!(serde_json::from_str::<Date>(json).unwrap().0, Some(0), "{json}");
            assert_eq!(serde_json::from_str::<Counted>(json).unwrap().0, Some(0), "{json}");
            assert_eq!(serde_json::from_str::<Score>(json).unwrap().0, Some(0.0), "{json}");
        }
    }
}
