//! Many schemas to one, by Backstage's rule: constraints are intersected, properties are added (contract: config-33).
//!
//! Where two constraints cannot be intersected both are kept, in `allOf`; Backstage refuses to start.

use std::cell::Cell;

use serde_json::{Map, Value as Json};

use crate::{Result, SchemaError, refs};

/// How many combinations of `anyOf` branches are written out.
const MAX_COMBINATIONS: usize = 64;
/// How deep `$ref`s that meet other schemas are followed.
const MAX_DEPTH: usize = 100;
/// How many merges there may be: schemas that refer to themselves twice over would never end.
const MAX_MERGES: usize = 200_000;

/// Merges prepared schemas.
pub(crate) fn merge(schemas: Vec<Json>) -> Result<Json> {
    let mut definitions = Map::new();
    for schema in &schemas {
        definitions
            .extend(schema.get("definitions").and_then(Json::as_object).cloned().into_iter().flatten());
    }
    let root = Json::Object(Map::from_iter([("definitions".to_owned(), Json::Object(definitions))]));
    Merge { root, left: Cell::new(MAX_MERGES) }.all(schemas, &mut Vec::new())
}

struct Merge {
    /// Only the definitions of all schemas.
    root: Json,
    left: Cell<usize>,
}

type Path = Vec<String>;

impl Merge {
    fn all(&self, schemas: Vec<Json>, path: &mut Path) -> Result<Json> {
        let schemas: Vec<Json> = schemas.into_iter().flat_map(flat).collect();
        if schemas.contains(&Json::Bool(false)) {
            return Ok(Json::Bool(false));
        }
        let mut objects: Vec<Map<String, Json>> = Vec::new();
        for schema in schemas {
            if let Json::Object(object) = schema
                && !objects.contains(&object)
            {
                objects.push(object);
            }
        }
        if objects.is_empty() {
            return Ok(Json::Bool(true));
        }
        self.left.set(self.left.get().saturating_sub(1));
        if path.len() > MAX_DEPTH || self.left.get() == 0 {
            return Ok(all_of(objects));
        }
        if objects.len() > 1
            && let Some(at) = objects.iter().position(|object| object.contains_key("$ref"))
        {
            let target = objects[at].shift_remove("$ref");
            let meant = target.as_ref().and_then(Json::as_str).and_then(|t| refs::resolve(&self.root, t));
            let meant = meant.cloned().unwrap_or(Json::Bool(true));
            // One step deeper, so that a reference to itself ends.
            path.push("$ref".to_owned());
            let merged = self.all(objects.into_iter().map(Json::Object).chain([meant]).collect(), path);
            path.pop();
            return merged;
        }
        self.objects(objects, path)
    }

    fn objects(&self, mut objects: Vec<Map<String, Json>>, path: &mut Path) -> Result<Json> {
        let mut apart = conditions(&mut objects);
        let mut keys: Vec<String> = Vec::new();
        for key in objects.iter().flat_map(Map::keys) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
        let mut out = Map::new();
        for key in keys {
            let mut values: Vec<Json> = Vec::new();
            for value in objects.iter_mut().filter_map(|object| object.shift_remove(&key)) {
                if !values.contains(&value) {
                    values.push(value);
                }
            }
            path.push(key.clone());
            match self.keyword(&key, &values, path)? {
                Some(merged) => {
                    out.insert(key, merged);
                }
                None => apart.extend(values.into_iter().map(|value| Map::from_iter([(key.clone(), value)]))),
            }
            path.pop();
        }
        if !apart.is_empty() {
            out.insert("allOf".to_owned(), Json::Array(apart.into_iter().map(Json::Object).collect()));
        }
        Ok(Json::Object(out))
    }

    /// One keyword of several schemas; `None` when its values cannot be made one.
    fn keyword(&self, key: &str, values: &[Json], path: &mut Path) -> Result<Option<Json>> {
        let schemas = || values.iter().all(|value| value.is_object() || value.is_boolean());
        Ok(match key {
            "properties" | "patternProperties" | "definitions" => Some(self.group(values, path)?),
            "additionalProperties" | "additionalItems" | "contains" | "propertyNames" | "items"
                if schemas() =>
            {
                Some(self.all(values.to_vec(), path)?)
            }
            "visibility" => Some(visibility(values, path)?),
            "anyOf" | "oneOf" => self.branches(values, path)?,
            _ if values.len() == 1 => Some(values[0].clone()),
            "description" | "title" | "default" | "$id" | "$schema" | "$comment" => Some(values[0].clone()),
            "deprecated" => Some(values[0].clone()),
            "examples" => {
                Some(Json::Array(values.iter().filter_map(Json::as_array).flatten().cloned().collect()))
            }
            "not" => Some(Json::Object(Map::from_iter([("anyOf".to_owned(), Json::Array(values.to_vec()))]))),
            "uniqueItems" => Some(Json::Bool(values.contains(&Json::Bool(true)))),
            "required" => Some(required(values)),
            "type" => types(values),
            "enum" => enums(values),
            "minimum" | "exclusiveMinimum" | "minLength" | "minItems" | "minProperties" => {
                extreme(values, f64::gt)
            }
            "maximum" | "exclusiveMaximum" | "maxLength" | "maxItems" | "maxProperties" => {
                extreme(values, f64::lt)
            }
            _ => None,
        })
    }

    fn group(&self, values: &[Json], path: &mut Path) -> Result<Json> {
        let mut members: Map<String, Json> = Map::new();
        for (name, member) in values.iter().filter_map(Json::as_object).flatten() {
            let all = members.entry(name.clone()).or_insert_with(|| Json::Array(Vec::new()));
            all.as_array_mut().into_iter().for_each(|all| all.push(member.clone()));
        }
        let mut out = Map::new();
        for (name, all) in members {
            let Json::Array(all) = all else { continue };
            path.push(name.clone());
            out.insert(name, self.all(all, path)?);
            path.pop();
        }
        Ok(Json::Object(out))
    }

    /// Every branch of one with every branch of the other.
    fn branches(&self, values: &[Json], path: &mut Path) -> Result<Option<Json>> {
        let lists: Vec<&Vec<Json>> = values.iter().filter_map(Json::as_array).collect();
        let count = lists.iter().try_fold(1_usize, |count, list| count.checked_mul(list.len()));
        if lists.len() != values.len()
            || count.is_none_or(|count| count > MAX_COMBINATIONS && lists.len() > 1)
        {
            return Ok(None);
        }
        let mut combinations: Vec<Vec<Json>> = vec![Vec::new()];
        for list in lists {
            let with = |one: &Vec<Json>| {
                let longer = |branch: &Json| one.iter().cloned().chain([branch.clone()]).collect();
                list.iter().map(longer).collect::<Vec<Vec<Json>>>()
            };
            combinations = combinations.iter().flat_map(with).collect();
        }
        let mut out: Vec<Json> = Vec::new();
        for combination in combinations {
            let several = combination.len() > 1;
            let merged = self.all(combination, path)?;
            // What nothing can match is no branch.
            let impossible = several && merged.get("allOf").is_some();
            if !impossible && !out.contains(&merged) {
                out.push(merged);
            }
        }
        Ok((!out.is_empty()).then_some(Json::Array(out)))
    }
}

/// A schema, and what stands in its `allOf`.
fn flat(schema: Json) -> Vec<Json> {
    let Json::Object(mut object) = schema else { return vec![schema] };
    let Some(Json::Array(inner)) = object.shift_remove("allOf") else { return vec![Json::Object(object)] };
    [Json::Object(object)].into_iter().chain(inner.into_iter().flat_map(flat)).collect()
}

fn all_of(objects: Vec<Map<String, Json>>) -> Json {
    let all = objects.into_iter().map(Json::Object).collect();
    Json::Object(Map::from_iter([("allOf".to_owned(), Json::Array(all))]))
}

/// `if`, `then` and `else` belong together: of several schemas they stay apart.
fn conditions(objects: &mut [Map<String, Json>]) -> Vec<Map<String, Json>> {
    if objects.iter().filter(|object| object.contains_key("if")).count() < 2 {
        return Vec::new();
    }
    let take = |object: &mut Map<String, Json>| {
        let parts = ["if", "then", "else"].into_iter();
        parts.filter_map(|key| Some((key.to_owned(), object.shift_remove(key)?))).collect()
    };
    objects.iter_mut().map(take).filter(|parts: &Map<_, _>| !parts.is_empty()).collect()
}

fn visibility(values: &[Json], path: &Path) -> Result<Json> {
    let has = |word: &str| values.iter().any(|value| value == word);
    match (has("frontend"), has("secret")) {
        (true, true) => Err(SchemaError::Conflict(path.join("/"))),
        (true, false) => Ok("frontend".into()),
        (false, true) => Ok("secret".into()),
        (false, false) => Ok("backend".into()),
    }
}

fn required(values: &[Json]) -> Json {
    let mut names: Vec<&str> =
        values.iter().filter_map(Json::as_array).flatten().filter_map(Json::as_str).collect();
    names.sort_unstable();
    names.dedup();
    names.into()
}

fn types(values: &[Json]) -> Option<Json> {
    let list = |value: &Json| match value {
        Json::Array(words) => words.clone(),
        word => vec![word.clone()],
    };
    let mut common = list(values.first()?);
    for value in &values[1..] {
        let other = list(value);
        common.retain(|word| other.contains(word));
    }
    match common.len() {
        0 => None,
        1 => common.pop(),
        _ => Some(Json::Array(common)),
    }
}

fn enums(values: &[Json]) -> Option<Json> {
    let mut common = values.first()?.as_array()?.clone();
    for value in &values[1..] {
        let other = value.as_array()?;
        common.retain(|one| other.contains(one));
    }
    common.sort_by(|a, b| a.as_str().cmp(&b.as_str()));
    (!common.is_empty()).then_some(Json::Array(common))
}

fn extreme(values: &[Json], better: impl Fn(&f64, &f64) -> bool) -> Option<Json> {
    let mut best = values.first()?;
    for value in &values[1..] {
        if better(&value.as_f64()?, &best.as_f64()?) {
            best = value;
        }
    }
    Some(best.clone())
}
