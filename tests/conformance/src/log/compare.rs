//! Which lines of a live log are the recorded ones.

use serde_json::{Map, Value};

use super::{Format, Line, Log};
use crate::compare::Difference;

/// Lists all that differs. Lines are paired by level, message and plugin (in development: who) in their order; exit codes are not compared, because those
/// of a recording are often the recorder's own doing.
pub fn compare(recorded: &Log, received: &Log, format: Format) -> Vec<Difference> {
    let pairs = pair(&recorded.lines, &received.lines);
    let mut differences = Vec::new();
    for (before, now) in pairs {
        match (before, now) {
            (Some(Line::Record(before)), Some(Line::Record(now))) => {
                compare_fields(&mut differences, before, now, format);
            }
            (Some(_), Some(_)) | (None, None) => {}
            (before, now) => differences.push(Difference {
                what: if before.is_some() { "missing line" } else { "unexpected line" }.to_owned(),
                recorded: before.map(ToString::to_string),
                received: now.map(ToString::to_string),
            }),
        }
    }
    differences
}

fn compare_fields(
    differences: &mut Vec<Difference>,
    recorded: &Map<String, Value>,
    received: &Map<String, Value>,
    format: Format,
) {
    let message = recorded.get("message").map(ToString::to_string).unwrap_or_default();
    let mut add = |what: String, recorded: Option<String>, received: Option<String>| {
        differences.push(Difference { what: format!("{what} of {message}"), recorded, received });
    };
    for (name, before) in recorded {
        let now = received.get(name);
        if now != Some(before) {
            add(format!("field {name}"), Some(before.to_string()), now.map(ToString::to_string));
        }
    }
    if format == Format::Node {
        for (name, now) in received.iter().filter(|(name, _)| !recorded.contains_key(*name)) {
            add(format!("field {name}"), None, Some(now.to_string()));
        }
        let order = |fields: &Map<String, Value>| fields.keys().cloned().collect::<Vec<_>>().join(", ");
        if recorded == received && !recorded.keys().eq(received.keys()) {
            add("order of fields".to_owned(), Some(order(recorded)), Some(order(received)));
        }
    }
}

/// Two lines that are meant to be the same one. Node's crash dump is any line that tells the error's message.
fn same(recorded: &Line, received: &Line) -> bool {
    match (recorded, received) {
        (Line::Record(before), Line::Record(now)) => {
            ["level", "message", "plugin", "who"].iter().all(|name| before.get(*name) == now.get(*name))
        }
        (Line::Crash(error), received) => {
            let message = error.split_once(": ").map_or(error.as_str(), |(_, message)| message);
            received.said().is_some_and(|text| text.contains(message)) || recorded == received
        }
        (recorded, received) => recorded == received,
    }
}

/// Pairs as many lines as possible without crossing (the longest common subsequence).
fn pair<'a>(recorded: &'a [Line], received: &'a [Line]) -> Vec<(Option<&'a Line>, Option<&'a Line>)> {
    let mut longest = vec![vec![0_usize; received.len() + 1]; recorded.len() + 1];
    for i in (0..recorded.len()).rev() {
        for j in (0..received.len()).rev() {
            longest[i][j] = match same(&recorded[i], &received[j]) {
                true => longest[i + 1][j + 1] + 1,
                false => longest[i + 1][j].max(longest[i][j + 1]),
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut pairs = Vec::new();
    while i < recorded.len() || j < received.len() {
        let (before, now) = (recorded.get(i), received.get(j));
        if let (Some(before), Some(now)) = (before, now)
            && same(before, now)
        {
            pairs.push((Some(before), Some(now)));
            (i, j) = (i + 1, j + 1);
        } else if now.is_none() || (before.is_some() && longest[i + 1][j] >= longest[i][j + 1]) {
            pairs.push((before, None));
            i += 1;
        } else {
            pairs.push((None, now));
            j += 1;
        }
    }
    pairs
}
