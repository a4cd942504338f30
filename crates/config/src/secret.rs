//! What of a config is not to be shown, and which texts of it no log line may hold: one rule for printing and for masking.
//!
//! Must not print, nor mask. Hidden are declared secrets, texts whose key, or one above it, is named like a secret, what came
//! from outside the file and is not declared visible to the browser, private keys and tokens known by their shape, and
//! credentials in URLs, of keys too. Of what came from outside, flags, small
//! numbers, bare addresses and the names of files that the log tells are shown: they are what one looks for.

use greenroom_js::{number, text::trim};
use greenroom_redact as redact;
use indexmap::IndexSet;

use crate::{
    Place,
    key::{self, Step},
    pattern::VisibilityRules,
    snapshot::{Snapshot, visit},
    text_parts,
    value::{Node, Origin, Value},
};

/// Undeclared secrets are masked from this many characters on: shorter ones are likely to be part of ordinary text.
const SHORTEST: usize = 8;
/// The same for what is part of a declared one.
const SHORTEST_PART: usize = 4;
/// No log line is likely to hold a longer one.
const LONGEST: usize = 8 << 10;

/// A value that is hidden when the config is printed, and what the log looks for because of it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Secret {
    /// The key: `backend.auth.keys[0].secret`.
    pub key: String,
    /// Where the value is written.
    pub place: Place,
    /// The texts that no line may hold: the value, trimmed, and what in it is a secret by itself, such as a URL's password.
    pub masked: Vec<String>,
    /// Why there are none, though the value is hidden.
    pub unmasked: Option<&'static str>,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} at {}", self.key, self.place)
    }
}

impl Secret {
    /// All that are in a config, in its order.
    pub(crate) fn all(snapshot: &Snapshot) -> Vec<Self> {
        let mut found = Vec::new();
        if let Some(root) = snapshot.merged() {
            visit(&root, &mut Vec::new(), &mut |path, node| {
                found.extend(Self::of(path, node, &snapshot.declared));
            });
        }
        found
    }

    /// What is masked for them, each once.
    pub(crate) fn texts(snapshot: &Snapshot) -> Vec<String> {
        let masked = Self::all(snapshot).into_iter().flat_map(|secret| secret.masked);
        masked.collect::<IndexSet<_>>().into_iter().collect()
    }

    /// Of a scalar; `None` for what may be shown.
    pub(crate) fn of(path: &[Step], node: &Node, declared: &VisibilityRules) -> Option<Self> {
        let text = match &node.value {
            Value::String(text) => trim(text).to_owned(),
            Value::Number(n) => number::to_string(*n),
            _ => return None,
        };
        let length = text.chars().count();
        let by_itself = |shortest: usize| {
            text_parts::secret_parts(&text)
                .into_iter()
                .filter(|part| part.chars().count() >= shortest)
                .collect()
        };
        let (masked, unmasked): (Vec<String>, _) = match hidden(path, node, declared) {
            Some(Reason::Declared) if length < 2 => (vec![], Some("it has less than 2 characters")),
            Some(Reason::Declared) => (by_itself(SHORTEST_PART), None),
            None if redact::credentials_in(&text).is_empty() => return None,
            None => match by_itself(SHORTEST) {
                parts if parts.is_empty() => (parts, Some(TOO_SHORT)),
                masked => {
                    return Some(Self { key: key::print(path), place: node.place(), masked, unmasked: None });
                }
            },
            Some(_) if length < SHORTEST => (vec![], Some(TOO_SHORT)),
            Some(_) if text.len() > LONGEST => (vec![], Some("it has more than 8 KiB")),
            Some(Reason::Within | Reason::Origin) if text_parts::is_ordinary(&text) => {
                (vec![], Some("it is of ordinary words, or a path or host name"))
            }
            Some(_) => (by_itself(SHORTEST), None),
        };
        let whole = unmasked.is_none().then_some(text);
        let masked = whole.into_iter().chain(masked).collect();
        Some(Self { key: key::print(path), place: node.place(), masked, unmasked })
    }

    /// Whether a text that is masked is likely to be part of ordinary text.
    pub fn is_short(&self) -> bool {
        self.masked.iter().any(|text| is_short(text))
    }
}

/// Ordinary text is likely to hold shorter ones.
pub(crate) fn is_short(text: &str) -> bool {
    text.chars().count() < SHORTEST
}

const TOO_SHORT: &str = "it has less than 8 characters";

/// Why a value is not to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    Declared,
    /// Its key is named like a secret, or it is known for one by its shape.
    Named,
    /// A key above it is.
    Within,
    /// It came from outside of the config files.
    Origin,
}

/// Why a scalar as a whole is not to be shown, if it is not.
pub(crate) fn hidden(path: &[Step], node: &Node, declared: &VisibilityRules) -> Option<Reason> {
    if declared.is_secret(path) {
        return Some(Reason::Declared);
    }
    if declared.is_frontend(path) {
        return None;
    }
    let is_text = matches!(node.value, Value::Number(_) | Value::String(_));
    if is_text && let Some(reason) = named(path) {
        return Some(reason);
    }
    if let Value::String(text) = &node.value
        && redact::is_secret_by_shape(trim(text))
    {
        return Some(Reason::Named);
    }
    let is_shown = || is_plain(&node.value) || (declared.is_file(path) && names_file(node));
    (node.origin.is_external() && !is_shown()).then_some(Reason::Origin)
}

/// A token that was put under a wrong key does not look like one, and a path with a token in it not like a path. What stands
/// in a file of its own is mostly a secret.
fn names_file(node: &Node) -> bool {
    let Value::String(text) = &node.value else { return false };
    node.origin != Origin::FileInclude
        && (text_parts::is_ordinary(text) || text_parts::is_ordinary_path(text))
}

/// The texts of a scalar that must not be shown where they occur elsewhere: a secret, and what in a text is one by itself.
/// What merely comes from outside is none.
pub(crate) fn secret_texts(path: &[Step], node: &Node, declared: &VisibilityRules) -> Vec<String> {
    let text = match &node.value {
        Value::String(text) => trim(text).to_owned(),
        Value::Number(n) => number::to_string(*n),
        _ => return vec![],
    };
    let mut texts = text_parts::secret_parts(&text);
    if hidden(path, node, declared).is_some_and(|reason| reason != Reason::Origin) {
        texts.push(text);
    }
    texts
}

/// Whether a text is a secret, or holds one that is no accident there.
pub(crate) fn tells(text: &str, secret: &str) -> bool {
    trim(text) == secret || (secret.chars().count() >= SHORTEST_PART && text.contains(secret))
}

/// Whether the last key of a path is named like a secret, or one above it, where many count as well as one: `tokens`.
fn named(path: &[Step]) -> Option<Reason> {
    let keys = path.iter().enumerate().rev().filter_map(|(index, step)| match step {
        Step::Key(key) => Some((index + 1 == path.len(), key.as_str())),
        Step::Index(_) => None,
    });
    let mut secret = keys.enumerate().filter(|(_, (is_leaf, key))| {
        redact::name_is_secret(key) || (!is_leaf && redact::names_secrets(key))
    });
    secret.next().map(|(above, _)| if above == 0 { Reason::Named } else { Reason::Within })
}

/// Flags, numbers too short for a secret, and addresses without a user, path or query: a path may itself be a key.
fn is_plain(scalar: &Value) -> bool {
    let Value::String(text) = scalar else {
        return match scalar {
            Value::Number(n) => number::to_string(*n).len() < SHORTEST,
            _ => true,
        };
    };
    let is_number = || text.len() < SHORTEST && text.parse::<f64>().is_ok();
    let is_flag =
        || matches!(text.to_ascii_lowercase().as_str(), "true" | "false" | "yes" | "no" | "on" | "off");
    text.is_empty() || is_flag() || is_number() || is_address(text)
}

/// `:7007`, `10.0.0.1`, `host:7007`, `https://host`, `http://[::1]:7007/`.
fn is_address(text: &str) -> bool {
    let (scheme, rest) = text.split_once("://").map_or((None, text), |(scheme, rest)| (Some(scheme), rest));
    let rest = if scheme.is_some() { rest.strip_suffix('/').unwrap_or(rest) } else { rest };
    if rest.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    let (host, port) = rest.rsplit_once(':').map_or((rest, None), |(host, port)| (host, Some(port)));
    let is_scheme =
        scheme.is_none_or(|scheme| scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c)));
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok());
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match bracketed {
        Some(host) => host.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')),
    };
    (scheme.is_some() || port.is_some()) && is_scheme && is_port && is_host
}
