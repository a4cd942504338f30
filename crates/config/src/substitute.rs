//! `${NAME}`, `${NAME:-default}` and `$${…}` inside one string.
//!
//! Must not know where the string stands, nor of files.

use indexmap::IndexMap;

/// The environment, as a value: nothing below reads the process's own.
pub(crate) type Env = IndexMap<String, String>;

/// A variable's trimmed value.
pub(crate) fn lookup<'a>(env: &'a Env, name: &str) -> Option<&'a str> {
    env.get(name).map(|value| value.trim())
}

/// What became of a string.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Substituted {
    /// No variable took part; escapes are resolved.
    Same(String),
    /// At least one variable or default was put in.
    Replaced(String),
    /// A variable without value or default: the whole string is gone. Its name, unless `${NAME:-}` says that it may be.
    Undefined(Option<String>),
}

/// Replaces every placeholder (contract: config-4 to config-7).
///
/// Braces do not nest: of `${A${B}}` only `${B}` is a placeholder.
pub(crate) fn substitute(input: &str, env: &Env) -> Substituted {
    let mut out = String::with_capacity(input.len());
    let mut rest = input;
    let mut replaced = false;
    while let Some((before, escaped, body, after)) = next_placeholder(rest) {
        out.push_str(before);
        if escaped {
            out.push_str("${");
            out.push_str(body);
            out.push('}');
        } else {
            match value_of(body, env) {
                Some(value) => out.push_str(value),
                None => return Substituted::Undefined(needed(body).map(str::to_owned)),
            }
            replaced = true;
        }
        rest = after;
    }
    out.push_str(rest);
    if replaced { Substituted::Replaced(out) } else { Substituted::Same(out) }
}

/// Splits at the first `${…}` without braces inside: what is before it, whether `$` escapes it, its inside, the rest.
fn next_placeholder(text: &str) -> Option<(&str, bool, &str, &str)> {
    let mut from = 0;
    loop {
        let open = from + text[from..].find("${")?;
        let inside = &text[open + 2..];
        let brace = inside.find(['{', '}'])?;
        if inside.as_bytes()[brace] == b'}' {
            let escaped = text[..open].ends_with('$');
            let before = &text[..open - usize::from(escaped)];
            return Some((before, escaped, &inside[..brace], &inside[brace + 1..]));
        }
        from = open + 2;
    }
}

fn needed(body: &str) -> Option<&str> {
    (!body.contains(":-")).then(|| body.trim())
}

fn value_of<'a>(body: &'a str, env: &'a Env) -> Option<&'a str> {
    match body.split_once(":-") {
        None => lookup(env, body.trim()),
        Some((name, default)) => {
            let given = lookup(env, name.trim()).filter(|value| !value.is_empty());
            given.or(Some(default.trim()).filter(|value| !value.is_empty()))
        }
    }
}
