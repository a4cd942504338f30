//! The logger's line in production: one object.
//!
//! Of its values only those are read that a record has a place for, without a copy where they have no escapes; the others are
//! passed over, and read when somebody asks for the [`fields`].

use std::{borrow::Cow, fmt};

use greenroom_logging::Level;
use serde::{
    Deserializer as _,
    de::{self, DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Deserializer, value::RawValue};

use crate::{Field, Kind, Plugin, Record, Time, guess};

/// The record of a line, if it is an object of the logger: its `level` is text, and so is its `message`.
///
/// Node's logger loses the text of an error that it is given as a message, `"message":{}`: such a line is one of the logger if
/// it has a `service`, as each of its lines has, and its message is what is left.
pub(crate) fn record(line: &str) -> Option<Record<'_>> {
    let mut said = Said::default();
    let mut reader = Deserializer::from_str(line);
    reader.deserialize_map(&mut said).ok()?;
    reader.end().ok()?;
    let level = level(said.level.as_deref()?);
    let message = match said.message {
        Some(message) => message,
        None if said.service.is_some() => rest_of_message(line),
        None => return None,
    };
    // Until Backstage 1.55 lines had no time, but those of requests.
    let date = said.date.filter(|_| said.record_type.as_deref() == Some("incomingRequest"));
    let guess = || guess::plugin(said.stack.as_deref()?).map(|id| Plugin::Guess(Cow::Owned(id.to_owned())));
    Some(Record {
        plugin: said.plugin.map(Plugin::Named).or_else(guess),
        time: said.timestamp.or(date).map(Time),
        service: said.service,
        record_type: said.record_type,
        stack: said.stack,
        ..Record::new(Kind::Json, level, message)
    })
}

/// The level of a line that was cut: `level` stands before `message` there, the keys being sorted.
pub(crate) fn level_of_beginning(line: &str) -> Option<Level> {
    let mut said = Said::default();
    let _ = Deserializer::from_str(line).deserialize_map(&mut said);
    said.level.as_deref().map(level)
}

/// What is left of a message that is no text.
fn rest_of_message(line: &str) -> Cow<'_, str> {
    let message = all(line).into_iter().find(|(key, _)| key == "message");
    Cow::Borrowed(message.map_or("", |(_, value)| value))
}

/// The fields of a line, without those that the record has a place for.
pub(crate) fn fields(line: &str) -> Vec<Field<'_>> {
    let is_placed = |key: &str, json: &str| match key {
        "level" | "message" => true,
        "timestamp" | "plugin" | "service" | "stack" => json.starts_with('"'),
        _ => false,
    };
    let others = all(line).into_iter().filter(|(key, json)| !is_placed(key, json));
    others.map(|(key, json)| Field { key, json: Cow::Borrowed(json) }).collect()
}

/// The level that a name means. Loggers beside Backstage's have other names.
fn level(name: &str) -> Level {
    name.parse().unwrap_or_else(|_| match name.to_ascii_lowercase().as_str() {
        "fatal" | "critical" | "crit" | "alert" | "emerg" | "emergency" => Level::Error,
        "warning" => Level::Warn,
        "trace" => Level::Silly,
        _ => Level::Info,
    })
}

/// What a line says for which a record has a place.
#[derive(Default)]
struct Said<'a> {
    level: Option<Cow<'a, str>>,
    message: Option<Cow<'a, str>>,
    timestamp: Option<Cow<'a, str>>,
    date: Option<Cow<'a, str>>,
    plugin: Option<Cow<'a, str>>,
    service: Option<Cow<'a, str>>,
    record_type: Option<Cow<'a, str>>,
    stack: Option<Cow<'a, str>>,
}

impl<'de> Said<'de> {
    fn place(&mut self, key: &str) -> Option<&mut Option<Cow<'de, str>>> {
        Some(match key {
            "level" => &mut self.level,
            "message" => &mut self.message,
            "timestamp" => &mut self.timestamp,
            "date" => &mut self.date,
            "plugin" => &mut self.plugin,
            "service" => &mut self.service,
            "type" => &mut self.record_type,
            "stack" => &mut self.stack,
            _ => return None,
        })
    }
}

impl<'de> Visitor<'de> for &mut Said<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(place) = map.next_key_seed(Key(self))? {
            match place {
                Some(place) => *place = map.next_value_seed(Text)?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(())
    }
}

/// Reads a key without a copy of it: where its value belongs.
struct Key<'s, 'de>(&'s mut Said<'de>);

impl<'s, 'de> DeserializeSeed<'de> for Key<'s, 'de> {
    type Value = Option<&'s mut Option<Cow<'de, str>>>;

    fn deserialize<D: de::Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_str(self)
    }
}

impl<'s, 'de> Visitor<'de> for Key<'s, 'de> {
    type Value = Option<&'s mut Option<Cow<'de, str>>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: de::Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.place(key))
    }
}

/// Reads text; what is none is passed over.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    fn deserialize<D: de::Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Option<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(Cow::Owned(text.to_owned())))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

/// All keys of a line with the JSON of their values; none if it is no object.
fn all(line: &str) -> Vec<(Cow<'_, str>, &str)> {
    struct All;
    impl<'de> Visitor<'de> for All {
        type Value = Vec<(Cow<'de, str>, &'de str)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut all = Vec::new();
            while let Some(key) = map.next_key_seed(Text)? {
                all.push((key.unwrap_or_default(), map.next_value::<&RawValue>()?.get()));
            }
            Ok(all)
        }
    }
    Deserializer::from_str(line).deserialize_map(All).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_borrowed_where_it_has_no_escapes() {
        let line = r#"{"level":"warn","message":"hi","plugin":"a","service":"backstage","timestamp":"T"}"#;
        let record = record(line).unwrap();
        assert!(matches!(record.message, Cow::Borrowed("hi")));
        assert_eq!(record.level, Level::Warn);
        assert_eq!(record.plugin, Some(Plugin::Named("a".into())));
        assert_eq!(record.time, Some(Time("T".into())));
    }

    #[test]
    fn an_object_without_a_text_for_level_and_message_is_none_of_the_loggers() {
        for line in [
            r#"{"message":"hi"}"#,
            r#"{"level":30,"message":"hi","service":"backstage"}"#,
            r#"{"level":"info","message":7}"#,
            r#"{"level":"info","message":"hi"} x"#,
            r#"{"level":"info","message":"hi""#,
            r#"["level","message"]"#,
            r#""level""#,
            "",
        ] {
            assert_eq!(record(line).map(|record| record.message), None, "{line}");
        }
    }

    #[test]
    fn what_nodes_logger_leaves_of_an_error_as_message_keeps_its_level() {
        let line = r#"{"level":"error","message":{},"plugin":"catalog","service":"backstage"}"#;
        let record = record(line).unwrap();
        assert_eq!((record.level, &*record.message), (Level::Error, "{}"));
        assert!(fields(line).is_empty());
    }

    #[test]
    fn fields_keep_their_order_and_all_digits() {
        let line = r#"{"b":1e21,"a":12345678901234567890.10,"level":"info","message":"m","plugin":null,"k\n":[ 1 ]}"#;
        let fields = fields(line);
        let shown: Vec<_> = fields.iter().map(|field| (&*field.key, &*field.json)).collect();
        assert_eq!(
            shown,
            [("b", "1e21"), ("a", "12345678901234567890.10"), ("plugin", "null"), ("k\n", "[ 1 ]")]
        );
    }

    #[test]
    fn the_last_of_two_keys_of_one_name_counts_as_in_javascript() {
        let record = record(r#"{"level":"info","level":"error","message":"a","message":"b"}"#).unwrap();
        assert_eq!((record.level, &*record.message), (Level::Error, "b"));
    }

    #[test]
    fn the_date_of_a_request_is_its_time_where_lines_have_none() {
        let request = r#"{"date":"D","level":"info","message":"m","type":"incomingRequest"}"#;
        assert_eq!(record(request).unwrap().time, Some(Time("D".into())));
        assert_eq!(record(r#"{"date":"D","level":"info","message":"m"}"#).unwrap().time, None);
    }

    #[test]
    fn levels_of_other_loggers_are_read_as_the_nearest() {
        for (name, expected) in [
            ("INFO", Level::Info),
            ("fatal", Level::Error),
            ("warning", Level::Warn),
            ("trace", Level::Silly),
            ("odd", Level::Info),
        ] {
            assert_eq!(level(name), expected);
        }
    }
}
