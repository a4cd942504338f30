//! Whether a type reads a parameter, of the path or the query, as a number that no JSON has: `NaN`, or one that is infinite.

use std::{cell::Cell, collections::BTreeMap};

use serde::{
    Deserializer,
    de::{
        DeserializeOwned, IntoDeserializer, Visitor,
        value::{Error, MapDeserializer, SeqDeserializer, StrDeserializer},
    },
    forward_to_deserialize_any,
};

/// Whether a text is such a number as an `f64`.
fn is_infinite(text: &str) -> bool {
    text.parse::<f64>().is_ok_and(|number| !number.is_finite())
}

/// The same as an `f32`, for which numbers are too large that an `f64` holds.
pub(super) fn is_infinite_if_short(text: &str) -> bool {
    text.parse::<f32>().is_ok_and(|number| !number.is_finite())
}

/// The first of these parameters, by name and value, that is such a number and that a `T` reads as a number.
pub(super) fn read_as_infinite<T: DeserializeOwned>(parameters: &[(String, String)]) -> Option<usize> {
    let found = Cell::new(None);
    // Whether it fits is known already.
    let _ = T::deserialize(Parameters(each(parameters, &found).collect()));
    found.get()
}

/// The same of a query, where the values of one name are a list.
pub(super) fn read_as_infinite_in_query<T: DeserializeOwned>(
    parameters: &[(String, String)],
) -> Option<usize> {
    let found = Cell::new(None);
    let mut by_name: BTreeMap<&str, Vec<Parameter<'_>>> = BTreeMap::new();
    for one in each(parameters, &found) {
        by_name.entry(one.name).or_default().push(one);
    }
    let by_name = by_name.into_iter().map(|(name, all)| (name, Parameters(all)));
    let _ = T::deserialize(MapDeserializer::<_, Error>::new(by_name));
    found.get()
}

fn each<'p>(
    parameters: &'p [(String, String)],
    found: &'p Cell<Option<usize>>,
) -> impl Iterator<Item = Parameter<'p>> {
    let numbered = parameters.iter().enumerate();
    numbered.map(move |(index, (name, value))| Parameter { index, name, value, found })
}

/// All parameters of a path, in the forms in which axum gives them to a type; or those of a query with the same name.
struct Parameters<'p>(Vec<Parameter<'p>>);

impl<'p> Parameters<'p> {
    fn first(&self) -> Result<Parameter<'p>, Error> {
        self.0.first().copied().ok_or_else(|| serde::de::Error::custom("no parameter"))
    }
}

impl IntoDeserializer<'_> for Parameters<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! of_the_first {
    ($($method:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.first()?.$method(visitor)
        })*
    };
}

impl<'de> Deserializer<'de> for Parameters<'_> {
    type Error = Error;

    of_the_first! {
        deserialize_any deserialize_f32 deserialize_f64 deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_bool
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.first()?.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_seq(SeqDeserializer::new(self.0.into_iter()))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(MapDeserializer::new(self.0.into_iter().map(|one| (one.name, one))))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    forward_to_deserialize_any! { char str string bytes byte_buf unit unit_struct identifier ignored_any }
}

/// One of them.
#[derive(Clone, Copy)]
struct Parameter<'p> {
    index: usize,
    name: &'p str,
    value: &'p str,
    found: &'p Cell<Option<usize>>,
}

impl Parameter<'_> {
    fn note_if(&self, is_infinite: fn(&str) -> bool) {
        if self.found.get().is_none() && is_infinite(self.value) {
            self.found.set(Some(self.index));
        }
    }
}

impl IntoDeserializer<'_> for Parameter<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

macro_rules! whole_numbers {
    ($($method:ident $visit:ident)*) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            visitor.$visit(self.value.parse().unwrap_or_default())
        })*
    };
}

impl<'de> Deserializer<'de> for Parameter<'_> {
    type Error = Error;

    whole_numbers! {
        deserialize_i8 visit_i8 deserialize_i16 visit_i16 deserialize_i32 visit_i32 deserialize_i64 visit_i64
        deserialize_i128 visit_i128 deserialize_u8 visit_u8 deserialize_u16 visit_u16 deserialize_u32 visit_u32
        deserialize_u64 visit_u64 deserialize_u128 visit_u128 deserialize_bool visit_bool
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_str(self.value)
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.note_if(is_infinite_if_short);
        visitor.visit_f32(0.0)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.note_if(is_infinite);
        visitor.visit_f64(0.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// A pair of name and value.
    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        let name = Parameter { value: self.name, ..self };
        visitor.visit_seq(SeqDeserializer::new([name, self].into_iter()))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_enum(StrDeserializer::new(self.value))
    }

    forward_to_deserialize_any! {
        char str string bytes byte_buf unit unit_struct seq tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only how it is read is looked at")]
    struct Share {
        name: String,
        count: Option<u8>,
        share: Option<f32>,
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only how it is read is looked at")]
    struct Wrapped(f64);

    #[derive(Deserialize)]
    enum Kind {
        #[serde(rename = "inf")]
        Inf,
    }

    fn found<T: DeserializeOwned>(parameters: &[(&str, &str)]) -> Option<usize> {
        let owned: Vec<_> =
            parameters.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
        read_as_infinite::<T>(&owned)
    }

    #[test]
    fn a_number_that_is_infinite_is_found_in_all_forms_of_a_type() {
        for infinite in ["nan", "NaN", "inf", "-Infinity", "1e400"] {
            assert_eq!(found::<f64>(&[("a", infinite)]), Some(0), "{infinite}");
        }
        assert_eq!(found::<Wrapped>(&[("a", "inf")]), Some(0));
        assert_eq!((found::<f32>(&[("a", "1e39")]), found::<f64>(&[("a", "1e39")])), (Some(0), None));
        assert_eq!(found::<(String, f32)>(&[("a", "inf"), ("b", "nan")]), Some(1));
        assert_eq!(found::<(u8, bool, f64)>(&[("a", "1"), ("b", "true"), ("c", "nan")]), Some(2));
        assert_eq!(found::<Vec<Wrapped>>(&[("a", "1"), ("b", "nan")]), Some(1));
        assert_eq!(found::<Vec<(String, f64)>>(&[("a", "inf")]), Some(0));
        assert_eq!(found::<HashMap<String, f64>>(&[("a", "1"), ("b", "inf")]), Some(1));
        assert_eq!(found::<Share>(&[("name", "inf"), ("count", "1"), ("share", "inf")]), Some(2));
        assert_eq!(found::<(Kind, f64)>(&[("a", "inf"), ("b", "inf")]), Some(1));
    }

    #[derive(Deserialize)]
    #[expect(dead_code, reason = "only how it is read is looked at")]
    struct Shares {
        kind: Option<Kind>,
        names: Option<Vec<String>>,
        short: Option<f32>,
        long: Option<f64>,
        all: Vec<f32>,
    }

    #[test]
    fn in_a_query_the_values_of_one_name_are_a_list() {
        let found = |pairs: &[(&str, &str)]| {
            let owned: Vec<_> = pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect();
            (
                read_as_infinite_in_query::<Shares>(&owned),
                read_as_infinite_in_query::<HashMap<String, f64>>(&owned),
            )
        };
        assert_eq!(
            found(&[("kind", "inf"), ("names", "inf"), ("names", "nan"), ("short", "1e39")]).0,
            Some(3)
        );
        assert_eq!(found(&[("all", "1"), ("long", "1e39"), ("all", "inf")]), (Some(2), None));
        assert_eq!(found(&[("all", "1"), ("long", "1e39"), ("all", "2")]), (None, None));
        assert_eq!(found(&[("other", "inf")]), (None, Some(0)));
    }

    #[test]
    fn what_is_read_as_text_or_is_finite_is_not_found() {
        assert_eq!(found::<String>(&[("a", "inf")]), None);
        assert_eq!(found::<(String, f64)>(&[("a", "inf"), ("b", "1e300")]), None);
        assert_eq!(found::<Kind>(&[("a", "inf")]), None);
        assert_eq!(found::<Share>(&[("name", "nan"), ("share", "-0")]), None);
        assert_eq!(found::<f64>(&[]), None);
    }
}
