//! The tree of values: each knows where it was written and what it was made from.
//!
//! Must not know of merging, keys or readers.

use std::fmt;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use crate::{
    Place,
    place::{At, Text},
};

/// A value and its place. Its `Debug` form tells the kind and the place: the value may be a secret.
#[derive(Clone)]
pub struct Node {
    /// What is written there.
    pub value: Value,
    /// What it was made from.
    pub origin: Origin,
    pub(crate) at: At,
}

/// JSON's kinds, with objects in the file's order.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`, `~` or nothing at all. Hides what lower sources say.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// Any number; JavaScript has but one kind.
    Number(f64),
    /// A string, substitution done.
    String(String),
    /// An array. Arrays replace, they never merge.
    Array(Vec<Node>),
    /// An object.
    Object(Object),
}

/// The members of an object, in the order of the file.
pub type Object = IndexMap<String, Node>;

/// What a value was made from: decides whether a printout may show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Written out in a config file, or given in code.
    Literal,
    /// `$env: NAME`.
    EnvInclude,
    /// `$file: path`.
    FileInclude,
    /// `$include: path`: whoever keeps values in a file of their own mostly keeps secrets there.
    Include,
    /// A string in which at least one `${NAME}` was replaced.
    Substitution,
    /// An `APP_CONFIG_*` variable.
    EnvConfig,
}

impl Origin {
    /// Whether the value comes from outside the config files, so that it is likely a secret.
    pub fn is_external(self) -> bool {
        self != Self::Literal
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.kind(), self.place())
    }
}

impl Node {
    pub(crate) fn new(value: Value, at: At) -> Self {
        Self { value, origin: Origin::Literal, at }
    }

    /// Where the value is written; for an object or array, where its key is.
    pub fn place(&self) -> Place {
        self.at.place()
    }

    /// Says of every value here that it was made from this.
    pub(crate) fn mark(&mut self, origin: Origin) {
        self.origin = origin;
        match &mut self.value {
            Value::Array(items) => items.iter_mut().for_each(|node| node.mark(origin)),
            Value::Object(object) => object.values_mut().for_each(|node| node.mark(origin)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    pub(crate) fn object(&self) -> Option<&Object> {
        match &self.value {
            Value::Object(object) => Some(object),
            _ => None,
        }
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }

    /// Backstage's word for the kind of this value, as its errors use it.
    pub(crate) fn kind(&self) -> &'static str {
        match &self.value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(n) if n.is_nan() => "nan",
            Value::Number(_) => "number",
            Value::String(s) if s.is_empty() => "empty-string",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        }
    }

    /// The value as JSON. NaN and infinities are null, as `JSON.stringify` has it.
    pub fn to_json(&self) -> Json {
        match &self.value {
            Value::Null => Json::Null,
            Value::Bool(b) => Json::Bool(*b),
            Value::Number(n) => greenroom_js::number::to_json(*n),
            Value::String(s) => Json::String(s.clone()),
            Value::Array(items) => Json::Array(items.iter().map(Node::to_json).collect()),
            Value::Object(object) => {
                let mut out = Map::new();
                for (key, node) in in_js_order(object) {
                    out.insert(key.clone(), node.to_json());
                }
                Json::Object(out)
            }
        }
    }

    pub(crate) fn from_json(json: Json, at: &At, origin: Origin) -> Self {
        let value = match json {
            Json::Null => Value::Null,
            Json::Bool(b) => Value::Bool(b),
            Json::Number(n) => Value::Number(n.as_f64().unwrap_or(f64::NAN)),
            Json::String(s) => Value::String(s),
            Json::Array(items) => {
                Value::Array(items.into_iter().map(|v| Self::from_json(v, at, origin)).collect())
            }
            Json::Object(map) => {
                Value::Object(map.into_iter().map(|(k, v)| (k, Self::from_json(v, at, origin))).collect())
            }
        };
        Self { value, origin, at: at.clone() }
    }

    /// A tree made in code: `name` stands for the file.
    pub(crate) fn in_code(json: Json, name: &str) -> Self {
        Self::from_json(json, &At::whole(&Text::new(name, "")), Origin::Literal)
    }
}

/// JavaScript lists keys that look like array indices first, in their order as numbers.
pub(crate) fn in_js_order(object: &Object) -> Vec<(&String, &Node)> {
    let mut members: Vec<_> = object.iter().collect();
    members.sort_by_key(|(key, _)| greenroom_js::key::array_index(key).map_or((1, 0), |n| (0, n)));
    members
}
