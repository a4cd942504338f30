//! Keywords of numbers, of strings, and of any one value.

use greenroom_js::string;
use serde_json::{Map, Value as Json};

use super::Run;

impl<'s> Run<'s> {
    pub(super) fn number(&mut self, schema: &'s Map<String, Json>, value: &Json) {
        let Some(n) = value.as_f64() else { return };
        type Holds = fn(f64, f64) -> bool;
        let limits: [(&'static str, &str, Holds); 4] = [
            ("maximum", "<=", |n, limit| n <= limit),
            ("minimum", ">=", |n, limit| n >= limit),
            ("exclusiveMaximum", "<", |n, limit| n < limit),
            ("exclusiveMinimum", ">", |n, limit| n > limit),
        ];
        for (keyword, sign, holds) in limits {
            let Some(limit) = schema.get(keyword).filter(|limit| limit.is_number()) else { continue };
            if !limit.as_f64().is_none_or(|limit| holds(n, limit)) {
                let limit = string(limit);
                let params = vec![("comparison", sign.to_owned()), ("limit", limit.clone())];
                self.fault(keyword, format!("must be {sign} {limit}"), params);
            }
        }
        if let Some(of) = schema.get("multipleOf").filter(|of| of.as_f64().is_some_and(|of| of > 0.0))
            && of.as_f64().is_some_and(|of| (n / of).fract() != 0.0)
        {
            let of = string(of);
            self.fault("multipleOf", format!("must be multiple of {of}"), vec![("multipleOf", of)]);
        }
    }

    pub(super) fn string(&mut self, schema: &'s Map<String, Json>, text: &str) {
        self.size(schema, ("maxLength", "minLength"), "characters", || text.chars().count());
        if let Some(pattern) = schema.get("pattern").and_then(Json::as_str)
            && !self.matches(pattern, text)
        {
            let params = vec![("pattern", pattern.to_owned())];
            self.fault("pattern", format!("must match pattern \"{pattern}\""), params);
        }
    }

    /// The two limits of a length.
    pub(super) fn size(
        &mut self,
        schema: &Map<String, Json>,
        (max, min): (&'static str, &'static str),
        what: &str,
        count: impl Fn() -> usize,
    ) {
        for (keyword, more) in [(max, true), (min, false)] {
            let Some(limit) = schema.get(keyword).and_then(Json::as_f64) else { continue };
            let count = count() as f64;
            if if more { count > limit } else { count < limit } {
                let limit = string(&schema[keyword]);
                let than = if more { "more" } else { "fewer" };
                self.fault(
                    keyword,
                    format!("must NOT have {than} than {limit} {what}"),
                    vec![("limit", limit)],
                );
            }
        }
    }

    pub(super) fn equal(&mut self, schema: &'s Map<String, Json>, value: &Json) {
        if let Some(constant) = schema.get("const")
            && !same(constant, value)
        {
            let params = vec![("allowedValue", string(constant))];
            self.fault("const", "must be equal to constant".to_owned(), params);
        }
        if let Some(allowed) = schema.get("enum").and_then(Json::as_array)
            && !allowed.iter().any(|one| same(one, value))
        {
            let params = vec![("allowedValues", string(&schema["enum"]))];
            self.fault("enum", "must be equal to one of the allowed values".to_owned(), params);
        }
    }
}

/// Equality of values, with one kind of number.
pub(super) fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Number(a), Json::Number(b)) => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}
