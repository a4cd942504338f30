//! Whether a schema is one: Backstage's keywords are used as they may be, and nowhere for both browser and secret.

use serde_json::{Map, Value as Json};

use crate::{Result, SchemaError, pointer};

const TYPES: [&str; 7] = ["array", "boolean", "integer", "null", "number", "object", "string"];

/// The members of a schema that hold schemas, as (pointer, schema).
pub(crate) fn children(schema: &Map<String, Json>) -> Vec<(String, &Json)> {
    let mut out = Vec::new();
    for (key, value) in schema {
        let at = pointer::with("", key);
        match (key.as_str(), value) {
            (
                "additionalItems"
                | "items"
                | "contains"
                | "additionalProperties"
                | "propertyNames"
                | "not"
                | "if"
                | "then"
                | "else",
                Json::Object(_) | Json::Bool(_),
            ) => out.push((at, value)),
            ("items" | "allOf" | "anyOf" | "oneOf", Json::Array(items)) => {
                out.extend(items.iter().enumerate().map(|(i, item)| (format!("{at}/{i}"), item)));
            }
            ("definitions" | "properties" | "patternProperties" | "dependencies", Json::Object(members)) => {
                let named = members.iter().filter(|(_, member)| !member.is_array());
                out.extend(named.map(|(name, member)| (pointer::with(&at, name), member)));
            }
            _ => {}
        }
    }
    out
}

/// Checks one package's schema by itself.
pub(crate) fn check(schema: &Json, path: &str) -> Result<()> {
    each(schema, &mut String::new(), &mut |object, at| {
        let refused = |reason: String| Err(SchemaError::Invalid { path: path.to_owned(), reason });
        let keyword = |name: &str, reason: &str| {
            refused(format!("keyword \"{name}\" value is invalid at path \"#{at}\": data {reason}"))
        };
        const OTHER: &str = "must be equal to one of the allowed values";
        match object.get("visibility") {
            None => {}
            Some(Json::String(word)) if matches!(word.as_str(), "frontend" | "backend" | "secret") => {}
            Some(Json::String(_)) => return keyword("visibility", OTHER),
            Some(_) => return keyword("visibility", "must be string"),
        }
        match object.get("deepVisibility") {
            None => {}
            Some(Json::String(word)) if matches!(word.as_str(), "frontend" | "secret") => {}
            Some(Json::String(_)) => return keyword("deepVisibility", OTHER),
            Some(_) => return keyword("deepVisibility", "must be string"),
        }
        if object.get("deprecated").is_some_and(|text| !text.is_string()) {
            return keyword("deprecated", "must be string");
        }
        let known = |word: &Json| word.as_str().is_some_and(|word| TYPES.contains(&word));
        let good = match object.get("type") {
            None => true,
            Some(Json::Array(words)) => !words.is_empty() && words.iter().all(known),
            Some(word) => known(word),
        };
        if good {
            return Ok(());
        }
        let at = format!("data{at}/type");
        refused(format!(
            "schema is invalid: {at} {OTHER}, {at} must be array, {at} must match a schema in anyOf"
        ))
    })
}

/// Checks the merged schema: what is for everybody may not be in what is secret, and the other way round.
pub(crate) fn conflicts(merged: &Json) -> Result<()> {
    fn visit<'a>(schema: &'a Json, at: &str, above: Option<&'a str>) -> Result<()> {
        let Json::Object(object) = schema else { return Ok(()) };
        let word = |key: &str| object.get(key).and_then(Json::as_str);
        let inherited = word("deepVisibility").or(above);
        if inherited.is_some() {
            let all = [word("visibility"), inherited, above];
            if all.contains(&Some("frontend")) && all.contains(&Some("secret")) {
                return Err(SchemaError::Conflict(at.to_owned()));
            }
        }
        children(object)
            .into_iter()
            .try_for_each(|(below, child)| visit(child, &format!("{at}{below}"), inherited))
    }
    visit(merged, "", None)
}

/// Where the merged schema declares something visible, as Backstage's paths: (path, visibility).
pub(crate) fn declared(merged: &Json) -> Vec<(String, String)> {
    let mut out = Vec::new();
    let visited = each(merged, &mut String::new(), &mut |object, at| {
        let own = object.get("visibility").and_then(Json::as_str).filter(|word| *word != "backend");
        let deep = object.get("deepVisibility").and_then(Json::as_str);
        out.extend(deep.or(own).map(|word| (pointer::printed(at), word.to_owned())));
        Ok(())
    });
    debug_assert!(visited.is_ok());
    out
}

fn each(
    schema: &Json,
    at: &mut String,
    f: &mut impl FnMut(&Map<String, Json>, &str) -> Result<()>,
) -> Result<()> {
    let Json::Object(object) = schema else { return Ok(()) };
    f(object, at)?;
    let length = at.len();
    for (below, child) in children(object) {
        at.push_str(&below);
        each(child, at, f)?;
        at.truncate(length);
    }
    Ok(())
}
