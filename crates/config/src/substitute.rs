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
    /// All of it is written there; escapes are resolved, and defaults put in.
    Same(String),
    /// The value of at least one variable was put in.
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
            match given(body, env).map(|value| (value, true)).or_else(|| Some((default_of(body)?, false))) {
                Some((value, from_variable)) => {
                    out.push_str(value);
                    replaced |= from_variable;
                }
                None => return Substituted::Undefined(needed(body).map(str::to_owned)),
            }
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

/// The variable's value; with a default, one that is empty does not count.
fn given<'a>(body: &str, env: &'a Env) -> Option<&'a str> {
    match body.split_once(":-") {
        None => lookup(env, body.trim()),
        Some((name, _)) => lookup(env, name.trim()).filter(|value| !value.is_empty()),
    }
}

fn default_of(body: &str) -> Option<&str> {
    let (_, default) = body.split_once(":-")?;
    Some(default.trim()).filter(|default| !default.is_empty())
}
