//! Checks a value by a schema, as ajv does it for Backstage: all faults are collected, types are coerced, and what the
//! schema declares of each place that it came by is noted.
//!
//! Must not know what visibilities are for.

mod coerce;
mod combine;
mod containers;
mod scalars;

use std::{borrow::Cow, collections::HashMap};

use greenroom_config::Visibility;
use serde_json::{Map, Value as Json};

use crate::refs;

/// How many `$ref`s may be followed without going deeper into the value.
const MAX_REFS: usize = 32;
/// How many schemas one value is checked by: schemas that refer to themselves twice over would never end.
const MAX_CHECKS: usize = 2_000_000;

/// What was declared of places, by JSON pointer.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    pub(crate) visibility: HashMap<String, Visibility>,
    pub(crate) deep: HashMap<String, Visibility>,
    pub(crate) deprecated: HashMap<String, String>,
}

/// One fault.
#[derive(Debug)]
pub(crate) struct Fault {
    pub(crate) keyword: &'static str,
    /// Where in the value.
    pub(crate) at: String,
    /// Where in the schema the keyword's schema is.
    pub(crate) schema_at: String,
    pub(crate) message: String,
    pub(crate) params: Vec<(&'static str, String)>,
}

/// Checks `value`.
pub(crate) fn validate(schema: &Json, value: &Json) -> (Marks, Vec<Fault>) {
    let mut run = Run {
        root: schema,
        marks: Marks::default(),
        faults: Vec::new(),
        at: String::new(),
        schema_at: String::new(),
        refs: 0,
        checks: 0,
        patterns: HashMap::new(),
    };
    run.check(schema, value);
    (run.marks, run.faults)
}

struct Run<'s> {
    root: &'s Json,
    marks: Marks,
    faults: Vec<Fault>,
    at: String,
    schema_at: String,
    refs: usize,
    checks: usize,
    patterns: HashMap<String, Option<regress::Regex>>,
}

impl<'s> Run<'s> {
    /// Whether the value is what the schema asks for.
    fn check(&mut self, schema: &'s Json, value: &Json) -> bool {
        let object = match schema {
            Json::Bool(false) => {
                return self.fault("false schema", "boolean schema is false".to_owned(), vec![]);
            }
            Json::Object(object) => object,
            _ => return true,
        };
        self.checks += 1;
        if self.checks > MAX_CHECKS {
            return true;
        }
        let before = self.faults.len();
        let value = self.typed(object, value);
        let value = &*value;
        if value.is_number() {
            self.number(object, value);
        }
        if let Json::String(text) = value {
            self.string(object, text);
        }
        self.mark(object);
        self.reference(object, value);
        self.equal(object, value);
        self.combined(object, value);
        match value {
            Json::Array(items) => self.array(object, items),
            Json::Object(members) => self.object(object, members),
            _ => {}
        }
        self.faults.len() == before
    }

    /// Checks the type; a value of another one that can be read as it is, is.
    fn typed<'v>(&mut self, schema: &'s Map<String, Json>, value: &'v Json) -> Cow<'v, Json> {
        let Some(types) = schema.get("type") else { return Cow::Borrowed(value) };
        let types: Vec<&str> = match types {
            Json::String(word) => vec![word],
            Json::Array(words) => words.iter().filter_map(Json::as_str).collect(),
            _ => return Cow::Borrowed(value),
        };
        if types.iter().any(|word| coerce::is(word, value)) {
            return Cow::Borrowed(value);
        }
        if let Some(coerced) = types.iter().find_map(|word| coerce::to(word, value)) {
            return Cow::Owned(coerced);
        }
        let types = types.join(",");
        self.fault("type", format!("must be {types}"), vec![("type", types)]);
        Cow::Borrowed(value)
    }

    fn mark(&mut self, schema: &Map<String, Json>) {
        let word = |key: &str| match schema.get(key).and_then(Json::as_str) {
            Some("frontend") => Some(Visibility::Frontend),
            Some("secret") => Some(Visibility::Secret),
            Some("backend") => Some(Visibility::Backend),
            _ => None,
        };
        if let Some(visibility) = word("visibility") {
            let at = self.at.clone();
            // Of several branches the last one that says more than the default counts.
            match visibility {
                Visibility::Backend => drop(self.marks.visibility.entry(at).or_insert(visibility)),
                _ => drop(self.marks.visibility.insert(at, visibility)),
            }
        }
        if let Some(visibility) = word("deepVisibility") {
            self.marks.deep.insert(self.at.clone(), visibility);
        }
        if let Some(text) = schema.get("deprecated").and_then(Json::as_str) {
            self.marks.deprecated.insert(self.at.clone(), text.to_owned());
        }
    }

    fn reference(&mut self, schema: &'s Map<String, Json>, value: &Json) {
        let Some(target) = schema.get("$ref").and_then(Json::as_str) else { return };
        let root: &'s Json = self.root;
        let Some(meant) = refs::resolve(root, target) else { return };
        if self.refs >= MAX_REFS {
            return;
        }
        let place = target.trim_start_matches('#').to_owned();
        let above = std::mem::replace(&mut self.schema_at, place);
        self.refs += 1;
        self.check(meant, value);
        self.refs -= 1;
        self.schema_at = above;
    }

    /// Checks what is one step down in the schema, at the same place of the value.
    fn same_place(&mut self, steps: &[&str], schema: &'s Json, value: &Json) -> bool {
        let length = self.schema_at.len();
        steps.iter().for_each(|step| crate::pointer::push(&mut self.schema_at, step));
        let good = self.check(schema, value);
        self.schema_at.truncate(length);
        good
    }

    /// Checks what is one step down in both.
    fn below(&mut self, steps: &[&str], key: &str, schema: &'s Json, value: &Json) -> bool {
        let length = self.at.len();
        crate::pointer::push(&mut self.at, key);
        let refs = std::mem::take(&mut self.refs);
        let good = self.same_place(steps, schema, value);
        self.refs = refs;
        self.at.truncate(length);
        good
    }

    fn fault(&mut self, keyword: &'static str, message: String, params: Vec<(&'static str, String)>) -> bool {
        let (at, schema_at) = (self.at.clone(), self.schema_at.clone());
        self.faults.push(Fault { keyword, at, schema_at, message, params });
        false
    }

    /// Whether an ECMAScript pattern is found in the text; one that is none is found in every text.
    fn matches(&mut self, pattern: &str, text: &str) -> bool {
        let compile = || regress::Regex::with_flags(pattern, "u").ok();
        let regex = self.patterns.entry(pattern.to_owned()).or_insert_with(compile);
        regex.as_ref().is_none_or(|regex| regex.find(text).is_some())
    }
}
