//! Keys as a schema declares them: their reference, and those that it does not know.
//!
//! A declared key is told of if it has a `description`. Its default is what `default` says, or the text after `default: `
//! of a `$comment` where that is no value (`the default`, `see above`). The name of a free key, as in
//! `greenroom.plugins.<plugin>`, is the `title` of `additionalProperties`.

use std::{collections::BTreeSet, fmt};

use greenroom_config::{Place, RootConfig, nearest};
use serde_json::{Map, Value as Json};

use crate::{ConfigSchema, Schema};

/// How deep keys are followed.
const MAX_DEPTH: usize = 64;

/// More keys than that are not listed in place of one that nobody reads.
const MOST_LISTED: usize = 10;

/// A key and what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The key, with `<name>` for what may be any name and `[]` for any index.
    pub key: String,
    /// Its default, as Markdown.
    pub default: String,
    /// What it means, as Markdown.
    pub description: String,
}

/// The keys that a schema describes, in its order.
pub fn reference(schema: &ConfigSchema) -> Vec<Key> {
    let mut out = Vec::new();
    describe(schema.merged(), "", &mut out);
    out
}

/// The reference as a Markdown table.
pub fn table(keys: &[Key]) -> String {
    let mut out = "| key | default | meaning |\n| --- | --- | --- |\n".to_owned();
    for Key { key, default, description } in keys {
        out.push_str(&format!("| `{key}` | {default} | {} |\n", description.replace('|', "\\|")));
    }
    out
}

fn describe(schema: &Json, key: &str, out: &mut Vec<Key>) {
    let Json::Object(object) = schema else { return };
    if out.len() > 10_000 || key.matches('.').count() > MAX_DEPTH {
        return;
    }
    if let Some(description) = object.get("description").and_then(Json::as_str).filter(|_| !key.is_empty()) {
        let (key, description) = (key.to_owned(), description.to_owned());
        out.push(Key { key, default: default(object), description });
    }
    let join = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    for (name, member) in members(object) {
        describe(member, &join(name), out);
    }
    if let Some(any) = object.get("additionalProperties") {
        let name = any.get("title").and_then(Json::as_str).unwrap_or("key");
        describe(any, &join(&format!("<{name}>")), out);
    }
    if let Some(items) = object.get("items") {
        describe(items, &format!("{key}[]"), out);
    }
}

fn default(schema: &Map<String, Json>) -> String {
    let comment =
        schema.get("$comment").and_then(Json::as_str).and_then(|text| text.strip_prefix("default: "));
    match (comment, schema.get("default")) {
        (Some(text), _) => text.to_owned(),
        (None, None | Some(Json::Null)) => "none".to_owned(),
        (None, Some(Json::Number(n))) => n.to_string(),
        (None, Some(Json::String(text))) => format!("`{text}`"),
        (None, Some(other)) => format!("`{other}`"),
    }
}

/// A key that nobody reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// The key.
    pub key: String,
    /// Where it is written.
    pub place: Option<Place>,
    /// The known key that was probably meant.
    pub suggestion: Option<String>,
    /// The names that are known in its place, if they are few.
    pub known: Vec<String>,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "nobody reads '{}'", self.key)?;
        if let Some(suggestion) = &self.suggestion {
            write!(f, ", did you mean '{suggestion}'?")?;
        } else if !self.known.is_empty() {
            let known: Vec<_> = self.known.iter().map(|name| format!("'{name}'")).collect();
            write!(f, ", known there are {}", known.join(", "))?;
        }
        match &self.place {
            Some(place) => write!(f, " ({place})"),
            None => Ok(()),
        }
    }
}

/// What only `schema` declares, and none of `others`: below these keys it is known in full.
pub fn sections(schema: &ConfigSchema, others: &[Schema]) -> Vec<String> {
    fn visit(schema: &Json, others: &[&Json], key: &str, out: &mut Vec<String>) {
        let Some(object) = schema.as_object() else { return };
        for (name, member) in members(object) {
            let full = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
            let theirs = others.iter().filter_map(|other| other.as_object()).flat_map(members);
            let same: Vec<&Json> =
                theirs.filter(|(other, _)| *other == name).map(|(_, other)| other).collect();
            if same.is_empty() { out.push(full) } else { visit(member, &same, &full, out) }
        }
    }
    let mut out = Vec::new();
    visit(schema.merged(), &others.iter().map(|other| &other.value).collect::<Vec<_>>(), "", &mut out);
    out
}

/// The keys of a config that none of these schemas declares.
pub fn unknown(schemas: &[&Json], config: &RootConfig) -> Vec<Unknown> {
    let mut out = Vec::new();
    if let Ok(Some(whole)) = config.optional_get("") {
        compare(schemas, &whole, "", config, &mut out);
    }
    out
}

fn compare(schemas: &[&Json], value: &Json, key: &str, config: &RootConfig, out: &mut Vec<Unknown>) {
    let objects = || schemas.iter().filter_map(|schema| schema.as_object());
    match value {
        Json::Array(items) => {
            let below: Vec<&Json> = objects().filter_map(|object| object.get("items")).collect();
            for (index, item) in items.iter().enumerate() {
                compare(&below, item, &format!("{key}[{index}]"), config, out);
            }
        }
        Json::Object(found) => {
            let known: Vec<(&String, &Json)> = objects().flat_map(members).collect();
            let open: Vec<&Json> =
                objects().filter_map(|object| object.get("additionalProperties")).collect();
            let is_open = !open.is_empty() && !open.contains(&&Json::Bool(false));
            for (name, member) in found {
                let full = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                let declared = known.iter().filter(|(known, _)| *known == name).map(|(_, schema)| *schema);
                let declared: Vec<&Json> = declared.collect();
                if !declared.is_empty() {
                    compare(&declared, member, &full, config, out);
                    continue;
                }
                // Where any name may stand, one that is nearly a known one is still more likely a slip.
                let nearest = nearest(name, known.iter().map(|(name, _)| name.as_str()));
                match nearest {
                    None if is_open => compare(&open, member, &full, config, out),
                    None if known.is_empty() => {}
                    _ => {
                        let there = |name: &str| match key {
                            "" => name.to_owned(),
                            _ => format!("{key}.{name}"),
                        };
                        let names: BTreeSet<_> = known.iter().map(|(name, _)| name.as_str()).collect();
                        let is_few = !is_open && names.len() <= MOST_LISTED;
                        let listed = names.into_iter().filter(|_| is_few).map(str::to_owned).collect();
                        let (place, suggestion) = (config.place(&full), nearest.map(there));
                        out.push(Unknown { place, key: full, suggestion, known: listed });
                    }
                }
            }
        }
        _ => {}
    }
}

/// The declared members of an object, those of branches too.
fn members(object: &Map<String, Json>) -> impl Iterator<Item = (&String, &Json)> {
    let branches =
        ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|key| object.get(key)?.as_array()).flatten();
    let all = [object].into_iter().chain(branches.filter_map(Json::as_object));
    all.filter_map(|object| object.get("properties")?.as_object()).flatten()
}
