//! `$ref`s: each schema's definitions get names of their own before schemas are merged.

use serde_json::{Map, Value as Json};

/// Renames the definitions of a schema, so that they cannot meet another package's; and makes an empty
/// `additionalProperties` what it means, `true`.
pub(crate) fn prepare(mut schema: Json, index: usize) -> Json {
    let names: Vec<String> = schema
        .get("definitions")
        .and_then(Json::as_object)
        .into_iter()
        .flat_map(Map::keys)
        .cloned()
        .collect();
    if let Some(definitions) = schema.get_mut("definitions").and_then(Json::as_object_mut) {
        let old = std::mem::take(definitions);
        definitions.extend(old.into_iter().map(|(name, value)| (format!("{index}-{name}"), value)));
    }
    walk(&mut schema, &mut |object| {
        if object.get("additionalProperties").and_then(Json::as_object).is_some_and(Map::is_empty) {
            object.insert("additionalProperties".to_owned(), Json::Bool(true));
        }
        if let Some(Json::String(target)) = object.get_mut("$ref") {
            let name = target.strip_prefix("#/definitions/").map(decoded);
            if let Some(name) = name.filter(|name| names.contains(name)) {
                *target = format!("#/definitions/{index}-{name}");
            }
        }
    });
    schema
}

/// What a `$ref` inside `root` leads to.
pub(crate) fn resolve<'a>(root: &'a Json, target: &str) -> Option<&'a Json> {
    let pointer = target.strip_prefix('#')?;
    // A name is written as it is, or percent-encoded, or as a JSON pointer asks for.
    let by_name = pointer.strip_prefix("/definitions/").and_then(|name| root.get("definitions")?.get(name));
    by_name.or_else(|| root.pointer(pointer)).or_else(|| root.pointer(&decoded(pointer)))
}

fn walk(schema: &mut Json, f: &mut impl FnMut(&mut Map<String, Json>)) {
    match schema {
        Json::Object(object) => {
            f(object);
            object.values_mut().for_each(|value| walk(value, f));
        }
        Json::Array(items) => items.iter_mut().for_each(|item| walk(item, f)),
        _ => {}
    }
}

fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let hex = |range| std::str::from_utf8(more.get(range)?).ok();
        match (first, hex(0..2).and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(byte)) => {
                out.push(byte);
                rest = &more[2..];
            }
            _ => {
                out.push(*first);
                rest = more;
            }
        }
    }
    String::from_utf8(out).unwrap_or_else(|_| text.to_owned())
}
