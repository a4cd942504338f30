//! Why a value does not fit, in words of JSON: serde tells it in Rust's, with names of types that no caller knows.

use std::borrow::Cow;

/// What is wrong with the value at `path` (`items[0].name`; empty for the whole), of which serde says `text`.
///
/// Texts of strings are not repeated: they may be people's data.
pub(crate) fn misfit(path: &str, text: &str) -> String {
    if let Some(name) = text.strip_prefix("missing field ") {
        return format!("'{}' is missing", short(&member(path, name)));
    }
    if let Some((name, known)) = parts(text, "unknown field ") {
        let name = member(path, name);
        let name = short(&name);
        return match quoted(known) {
            known if known.is_empty() => format!("'{name}' is not known"),
            known => format!("'{name}' is not known, known are {known}"),
        };
    }
    let what = what(path);
    if let Some(wanted) = unparsed(text) {
        return format!("{what} must be {wanted}");
    }
    if let Some((_, known)) = parts(text, "unknown variant ") {
        return format!("{what} must be one of {}", quoted(known));
    }
    if let Some((found, wanted)) = parts(text, "invalid type: ").or_else(|| parts(text, "invalid value: ")) {
        let not = kind(found).map(|kind| format!(", not {kind}")).unwrap_or_default();
        return format!("{what} must be {}{not}", expected(wanted));
    }
    if let Some((length, wanted)) = parts(text, "invalid length ") {
        return match expected(wanted) {
            // Of an array that is too short for a struct.
            object @ Cow::Borrowed("an object") => format!("{what} must be {object}, not an array"),
            wanted => format!("{what} must be {wanted}, not one of {length}"),
        };
    }
    if text.contains("untagged enum") || text.contains("found in flattened data") {
        return format!("{what} has none of the forms that are possible");
    }
    // What a type says in its own words.
    if path.is_empty() { text.to_owned() } else { format!("{what}: {text}") }
}

/// How many characters of a caller's own words an answer repeats.
const MOST_REPEATED: usize = 100;

/// The beginning of a name or a value that a caller has sent; all of it unless it is long.
pub(crate) fn short(said: &str) -> Cow<'_, str> {
    match said.char_indices().nth(MOST_REPEATED) {
        None => Cow::Borrowed(said),
        Some((end, _)) => Cow::Owned(format!("{}…", &said[..end])),
    }
}

/// Whether a text was refused because it is no number.
pub(crate) fn is_of_number(text: &str) -> bool {
    unparsed(text) == Some(NUMBER)
}

const NUMBER: &str = "a number";

/// What a text must be that the standard library cannot parse: parameters are texts.
fn unparsed(text: &str) -> Option<&'static str> {
    Some(match text {
        "invalid digit found in string" | "cannot parse integer from empty string" => "a whole number",
        "number too large to fit in target type" => "a smaller whole number",
        "number too small to fit in target type" => "a greater whole number",
        "unsupported value" => "a single value",
        "invalid float literal" | "cannot parse float from empty string" => NUMBER,
        _ if text.ends_with("expected \"true\", \"on\" or \"false\"") => "true or false",
        "too many characters in string" | "cannot parse char from empty string" => "a single character",
        _ => return None,
    })
}

/// What stands for a type of Rust, or for what serde calls it; other words stay.
pub(crate) fn expected(wanted: &str) -> Cow<'_, str> {
    let (first, rest) = wanted.split_once(' ').unwrap_or((wanted, ""));
    let count = wanted.split([' ', ',']).find(|word| word.parse::<usize>().is_ok());
    let whole = |from: &str, to: &str| Cow::Owned(format!("a whole number from {from} to {to}"));
    Cow::Borrowed(match (first, wanted) {
        ("u8", _) => return whole("0", "255"),
        ("u16", _) => return whole("0", "65535"),
        ("u32", _) => return whole("0", "4294967295"),
        ("i8", _) => return whole("-128", "127"),
        ("i16", _) => return whole("-32768", "32767"),
        ("i32", _) => return whole("-2147483648", "2147483647"),
        ("u64" | "u128" | "usize", _) => "a whole number, 0 or more",
        ("i64" | "i128" | "isize", _) => "a whole number",
        ("f32" | "f64", _) => "a number",
        ("bool", _) => "true or false",
        ("char", _) | (_, "a character") => "a single character",
        ("str" | "String", _) | (_, "field identifier" | "variant identifier") => "a string",
        ("unit", _) if rest.starts_with("variant") => "a string",
        ("unit", _) => "null",
        ("tuple", _) | (_, "a sequence") if count.is_none() => "an array",
        ("tuple", _) => return array_of(count),
        ("struct" | "internally" | "adjacently", _) | (_, "a map") => "an object",
        ("enum", _) | (_, "string or map") => "a string, or an object with one member",
        (_, "map with a single key" | "value with a single key") => "an object with one member",
        _ if wanted.starts_with("a nonzero ") => "a whole number other than 0",
        _ if wanted.starts_with("a tuple of size ") || wanted.starts_with("an array of length ") => {
            return array_of(count);
        }
        (_, "fewer elements in array") => "a shorter array",
        _ => wanted,
    })
}

fn array_of<'a>(count: Option<&str>) -> Cow<'a, str> {
    Cow::Owned(format!("an array of {}", count.unwrap_or("some")))
}

/// JSON's name of what was found; a number itself.
fn kind(found: &str) -> Option<&str> {
    Some(match found.split([' ', '`']).next()? {
        "integer" | "floating" => found.split('`').nth(1)?,
        "boolean" => "a boolean",
        "string" | "character" => "a string",
        "null" | "unit" => "null",
        "sequence" => "an array",
        "map" => "an object",
        _ => return None,
    })
}

fn what(path: &str) -> String {
    if path.is_empty() { "it".to_owned() } else { format!("'{}'", short(path)) }
}

/// The path of a member; some paths end with it already.
fn member(path: &str, name: &str) -> String {
    let name = name.trim_matches('`');
    match path.strip_suffix(name) {
        _ if path.is_empty() => name.to_owned(),
        Some(before) if before.is_empty() || before.ends_with('.') => path.to_owned(),
        _ => format!("{path}.{name}"),
    }
}

/// What stands behind `start`, and what is expected.
fn parts<'a>(text: &'a str, start: &str) -> Option<(&'a str, &'a str)> {
    let rest = text.strip_prefix(start)?;
    // Names and texts of a caller may hold anything; what is expected is our own, and comes last.
    Some(rest.rsplit_once(", expected ").or_else(|| rest.rsplit_once(", ")).unwrap_or((rest, "")))
}

/// `'a', 'b'` of ``one of `a`, `b` ``.
fn quoted(names: &str) -> String {
    let names: Vec<_> = names.split('`').skip(1).step_by(2).map(|name| format!("'{name}'")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde::{Deserialize, de::DeserializeOwned};
    use serde_json::{Value, json};

    use crate::extract::fit;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    #[expect(dead_code, reason = "only what does not fit is looked at")]
    struct NewIncident {
        title: String,
        severity: Severity,
        #[serde(default)]
        affected_services: Vec<Service>,
        #[serde(default)]
        place: (f64, f64),
        #[serde(default)]
        labels: HashMap<String, String>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "lowercase")]
    #[expect(dead_code, reason = "only what does not fit is looked at")]
    enum Severity {
        Low,
        High,
        Other(u8),
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only what does not fit is looked at")]
    struct Service {
        name: String,
        port: u16,
        #[serde(default)]
        owner: Option<Owner>,
        #[serde(default)]
        id: Option<std::num::NonZeroU32>,
        #[serde(default)]
        on: Option<bool>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(untagged)]
    #[expect(dead_code, reason = "only what does not fit is looked at")]
    enum Owner {
        Name(String),
        Group { group: String },
    }

    fn said<T: DeserializeOwned + std::fmt::Debug>(value: Value) -> String {
        fit::<T>(value).unwrap_err()
    }

    #[test]
    fn what_does_not_fit_is_told_in_words_of_json_with_its_place() {
        let incident = |changed: Value| {
            let mut whole = json!({"title": "down", "severity": "low"});
            whole.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
            said::<NewIncident>(whole)
        };
        let service = |service: Value| incident(json!({"affectedServices": [service]}));
        for (said, wanted) in [
            (said::<NewIncident>(json!({})), "'title' is missing"),
            (said::<NewIncident>(json!([])), "it must be an object, not an array"),
            (said::<Vec<u8>>(json!({})), "it must be an array, not an object"),
            (incident(json!({"title": 7})), "'title' must be a string, not 7"),
            (incident(json!({"title": null})), "'title' must be a string, not null"),
            (
                incident(json!({"severity": "hi, expected x"})),
                "'severity' must be one of 'low', 'high', 'other'",
            ),
            (
                incident(json!({"severity": 7})),
                "'severity' must be a string, or an object with one member, not 7",
            ),
            (
                incident(json!({"severity": {"other": 256}})),
                "'severity.other' must be a whole number from 0 to 255, not 256",
            ),
            (
                incident(json!({"affectedService": []})),
                "'affectedService' is not known, known are 'title', 'severity', 'affectedServices', 'place', 'labels'",
            ),
            (incident(json!({"place": [1]})), "'place' must be an array of 2, not one of 1"),
            (incident(json!({"place": [1, 2, 3]})), "'place' must be a shorter array, not one of 3"),
            (incident(json!({"labels": {"a": {}}})), "'labels.a' must be a string, not an object"),
            (service(json!({"name": "x"})), "'affectedServices[0].port' is missing"),
            (
                service(json!({"name": "x", "port": "secret"})),
                "'affectedServices[0].port' must be a whole number from 0 to 65535, not a string",
            ),
            (
                service(json!({"name": "x", "port": 1.5})),
                "'affectedServices[0].port' must be a whole number from 0 to 65535, not 1.5",
            ),
            (
                service(json!({"name": "x", "port": -1})),
                "'affectedServices[0].port' must be a whole number from 0 to 65535, not -1",
            ),
            (
                service(json!({"name": "x", "port": 1, "id": 0})),
                "'affectedServices[0].id' must be a whole number other than 0, not 0",
            ),
            (
                service(json!({"name": "x", "port": 1, "on": 1})),
                "'affectedServices[0].on' must be a boolean, not 1",
            ),
            (
                service(json!({"name": "x", "port": 1, "owner": {}})),
                "'affectedServices[0].owner' has none of the forms that are possible",
            ),
            (service(json!(["x"])), "'affectedServices[0]' must be an object, not an array"),
        ] {
            assert_eq!(said, wanted);
        }
    }

    #[test]
    fn a_long_name_of_a_caller_is_not_repeated_as_a_whole() {
        let long = "é".repeat(5000);
        let begin = format!("{}…", "é".repeat(100));
        let unknown = said::<NewIncident>(json!({ &long: 1 }));
        assert!(unknown.starts_with(&format!("'{begin}' is not known, known are 'title'")), "{unknown}");
        let labels = |value| said::<HashMap<String, String>>(json!({ &long: value }));
        assert_eq!(labels(json!({})), format!("'{begin}' must be a string, not an object"));
        let services = said::<HashMap<String, Service>>(json!({ &long: {"name": "x"} }));
        assert_eq!(services, format!("'{begin}' is missing"));
    }

    #[test]
    fn a_types_own_words_stay() {
        assert_eq!(said::<std::net::IpAddr>(json!("x")), "invalid IP address syntax");
        let address = |value| said::<HashMap<String, std::net::IpAddr>>(json!({"a": value}));
        assert_eq!(address(json!("x")), "'a': invalid IP address syntax");
    }

    proptest::proptest! {
        #[test]
        fn no_body_is_told_in_words_of_rust(value in values()) {
            if let Err(said) = fit::<NewIncident>(value) {
                for word in ["NewIncident", "Severity", "Service", "Owner", "struct", "enum", "sequence", "u16", "`"] {
                    proptest::prop_assert!(!said.replace("affectedService", "").contains(word), "{}", said);
                }
            }
        }
    }

    fn values() -> impl proptest::strategy::Strategy<Value = Value> {
        use proptest::prelude::*;
        let leaf = prop_oneof![
            Just(json!(null)),
            Just(json!("low")),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
        ];
        let names =
            ["title", "severity", "affectedServices", "place", "labels", "name", "port", "owner", "low"];
        leaf.prop_recursive(4, 32, 4, move |inner| {
            let member = (prop::sample::select(names.to_vec()), inner.clone());
            prop_oneof![
                prop::collection::vec(inner, 0..4).prop_map(Value::from),
                prop::collection::vec(member, 0..5).prop_map(|members| {
                    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
                }),
            ]
        })
    }
}
