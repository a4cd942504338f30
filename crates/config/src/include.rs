//! `$env`, `$file` and `$include` (contract: config-8 to config-13).
//!
//! Must not know the path of the value in its file: the caller says it in the error.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    error::Fault,
    files::resolve,
    json,
    place::{At, Text},
    spelling::nearest,
    substitute::{Substituted, lookup, substitute},
    transform::{Transform, dir_of},
    value::{Node, Object, Origin, Value},
    yaml,
};

const MAX_FILES: usize = 1_000;

const KEYS: [&str; 3] = ["$env", "$file", "$include"];

/// The file that an include names.
struct Named<'a> {
    argument: &'a str,
    /// As faults tell it: what a variable holds may be a secret in the wrong place.
    shown: &'a str,
}

/// What an object turned out to be.
pub(crate) enum Included {
    /// Plain data.
    No,
    /// A finished value; `None` is undefined.
    Value(Option<Node>),
    /// An object or array whose children are still to be transformed, relative to the directory.
    Tree(Node, PathBuf),
}

/// Resolves `node` if it is an include object.
pub(crate) fn apply(
    cx: &mut Transform<'_, '_>,
    node: &Node,
    key_path: &str,
    dir: &Path,
) -> Result<Included, Fault> {
    let Some(object) = node.object() else { return Ok(Included::No) };
    let include = object.iter().find(|(key, _)| KEYS.contains(&key.as_str()));
    let Some((key, argument)) = include else {
        cx.warnings.extend(misspelt(object, key_path));
        return Ok(Included::No);
    };
    let at = &argument.at;
    if object.len() != 1 {
        return Err(Fault::new(format!("include key {key} should not have adjacent keys"), at));
    }
    let Value::String(raw) = &argument.value else {
        return Err(Fault::new(format!("{key} include value is not a string"), at));
    };
    let (argument, is_replaced) = match substitute(raw, cx.env) {
        Substituted::Same(text) => (text, false),
        Substituted::Replaced(text) => (text, true),
        Substituted::Undefined(unset) => {
            let fault = Fault::new(format!("{key} substitution value was undefined"), at);
            return Err(Fault { unset, ..fault });
        }
    };
    let named = Named { argument: &argument, shown: if is_replaced { raw } else { &argument } };
    let value = |text: String, origin| Node { value: Value::String(text), origin, at: at.clone() };
    match key.as_str() {
        "$env" => {
            let found = lookup(cx.env, &argument).map(|text| value(text.to_owned(), Origin::EnvInclude));
            if found.is_none() {
                cx.lacks(key_path, argument.trim(), at);
            }
            Ok(Included::Value(found))
        }
        "$file" => {
            let text = read(cx, &named, dir, at).map_err(|fault| Fault {
                message: format!("failed to read file {}, {}: {}", named.shown, fault.name, fault.message),
                name: "Error",
                ..fault
            })?;
            Ok(Included::Value(Some(value(text.body.trim_end().to_owned(), Origin::FileInclude))))
        }
        _ => include_file(cx, &named, key_path, dir, at),
    }
}

/// An object that is data, though it was probably meant to be an include (contract: config-13).
fn misspelt(object: &Object, key_path: &str) -> Option<String> {
    let (key, argument) =
        object.iter().next().filter(|(key, _)| object.len() == 1 && key.starts_with('$'))?;
    let meant = nearest(key, KEYS)?;
    let (place, at) = (argument.place(), key_path.trim_start_matches('.'));
    Some(format!("'{key}' at '{at}' includes nothing, did you mean '{meant}'? ({place})"))
}

fn include_file(
    cx: &mut Transform<'_, '_>,
    named: &Named<'_>,
    key_path: &str,
    dir: &Path,
    at: &At,
) -> Result<Included, Fault> {
    let split = |argument| str::split_once(argument, '#').unwrap_or((argument, ""));
    let ((argument, fragment), (file, shown_fragment)) = (split(named.argument), split(named.shown));
    let parse = match Path::new(argument).extension().and_then(|extension| extension.to_str()) {
        Some("json") => json::parse,
        Some("yaml" | "yml") => yaml::parse,
        _ => {
            return Err(Fault::new(
                format!("no configuration parser available for included file {file}"),
                at,
            ));
        }
    };
    let named = Named { argument, shown: file };
    let text = read(cx, &named, dir, at)?;
    let mut found = parse(&text).map_err(|fault| Fault {
        message: format!("failed to parse included file {file}, {}: {}", fault.name, fault.message),
        name: "Error",
        ..fault
    })?;
    let parts: Vec<&str> = if fragment.is_empty() { Vec::new() } else { fragment.split('.').collect() };
    for (depth, part) in parts.iter().enumerate() {
        let Some(Node { value: Value::Object(mut object), .. }) = found else {
            let above = shown_fragment.split('.').take(depth).collect::<Vec<_>>().join(".");
            let message = format!("value at '{above}' in included file {file} is not an object");
            return Err(Fault::new(message, at));
        };
        found = object.shift_remove(*part);
    }
    let mut found = match found {
        Some(found) => found,
        // An included file without content is null; a missing last key is undefined.
        None if parts.is_empty() => Node::new(Value::Null, at.clone()),
        None => return Ok(Included::Value(None)),
    };
    found.mark(Origin::Include);
    Ok(match found.value {
        Value::Object(_) | Value::Array(_) => Included::Tree(found, dir_of(&resolve(dir, argument))),
        Value::String(text) => {
            Included::Value(cx.string(&text, key_path, &found.at).map(|(text, replaced)| {
                let origin = if replaced { Origin::Substitution } else { Origin::Include };
                Node { value: Value::String(text), origin, at: found.at }
            }))
        }
        _ => Included::Value(Some(found)),
    })
}

fn read(cx: &mut Transform<'_, '_>, named: &Named<'_>, dir: &Path, at: &At) -> Result<Arc<Text>, Fault> {
    if cx.files.count() >= MAX_FILES {
        return Err(Fault::new(format!("more than {MAX_FILES} files included"), at));
    }
    let failed = || format!("failed to include \"{}\"", resolve(dir, named.shown).display());
    match cx.files.read(&resolve(dir, named.argument)) {
        Ok(Some(text)) => Ok(text),
        Ok(None) => {
            let message = format!("{}, file does not exist", failed());
            Err(Fault { name: "NotFoundError", ..Fault::new(message, at) })
        }
        Err(error) => Err(Fault::new(format!("{}, {error}", failed()), at)),
    }
}
