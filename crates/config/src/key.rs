//! Keys: `backend.logger.overrides[0].level`.
//!
//! Must not know of values.

/// One part of a key: `[a-z][a-z0-9]*([-_:][a-z0-9]+)*`, in any case (contract: config-17).
pub(crate) fn is_key_part(part: &str) -> bool {
    let mut words = part.split(['-', '_', ':']);
    let word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
    words.next().is_some_and(|first| word(first) && first.as_bytes()[0].is_ascii_alphabetic())
        && words.all(word)
}

/// Whether every part of a key can be read; the empty key is the root.
pub(crate) fn is_key(key: &str) -> bool {
    key.is_empty() || key.split('.').all(is_key_part)
}

/// `prefix.key`, as errors print it.
pub(crate) fn join(prefix: &str, key: &str) -> String {
    match (prefix, key) {
        ("", only) | (only, "") => only.to_owned(),
        _ => format!("{prefix}.{key}"),
    }
}

/// A step of a path that may go through arrays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Key(String),
    Index(usize),
}

/// Reads `a.b[1].c`. Lenient: what cannot be an index is part of the key.
pub(crate) fn steps(path: &str) -> Vec<Step> {
    let mut out = Vec::new();
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let mut indices = Vec::new();
        let mut name = part;
        while let Some((before, inside)) = name.strip_suffix(']').and_then(|rest| rest.rsplit_once('[')) {
            let Ok(index) = inside.parse() else { break };
            indices.push(Step::Index(index));
            name = before;
        }
        if !name.is_empty() {
            out.push(Step::Key(name.to_owned()));
        }
        out.extend(indices.into_iter().rev());
    }
    out
}

/// Prints what [`steps`] reads.
pub(crate) fn print(steps: &[Step]) -> String {
    let mut out = String::new();
    for step in steps {
        match step {
            Step::Key(key) if out.is_empty() => out.push_str(key),
            Step::Key(key) => {
                out.push('.');
                out.push_str(key);
            }
            Step::Index(index) => out.push_str(&format!("[{index}]")),
        }
    }
    out
}

/// The path as a JSON pointer, which no key can make ambiguous.
pub(crate) fn pointer(steps: &[Step]) -> String {
    steps.iter().fold(String::new(), |mut out, step| {
        out.push('/');
        match step {
            Step::Key(key) => out.push_str(&key.replace('~', "~0").replace('/', "~1")),
            Step::Index(index) => out.push_str(&index.to_string()),
        }
        out
    })
}
