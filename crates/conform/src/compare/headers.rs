//! Headers: by name, in any order of names, and a policy by its directives.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use crate::{
    normalise::Facts,
    reply::Reply,
    shown::{LONGEST, masked, short},
};

/// Said of one connection and its messages' ends (RFC 9110, §7.6.1): these are the client library's and each proxy's own.
const OF_THE_CONNECTION: &[&str] =
    &["connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"];

/// Whose values are directives, one behind the other.
const POLICIES: &[&str] = &["content-security-policy", "content-security-policy-report-only"];

/// Said of the content and its place (RFC 9110, §8): where the status is another one, so are these.
const OF_THE_CONTENT: &[&str] = &[
    "accept-ranges",
    "allow",
    "cache-control",
    "content-encoding",
    "content-language",
    "content-length",
    "content-range",
    "content-type",
    "etag",
    "last-modified",
    "vary",
];

/// So many directives of a policy are told apart: where more differ, it is another policy.
const DIRECTIVES: usize = 3;

pub(super) fn compare(found: &mut Finding<'_>, a: &Reply, b: &Reply, facts: Facts) {
    let is_another = a.status != b.status;
    let (a, b) = (by_name(a), by_name(b));
    let names: BTreeSet<&str> = a.keys().chain(b.keys()).copied().collect();
    for name in names {
        if OF_THE_CONNECTION.contains(&name) || (is_another && OF_THE_CONTENT.contains(&name)) {
            continue;
        }
        match (a.get(name), b.get(name)) {
            // One announces the length, the other one chunks: both are framing.
            (None, _) | (_, None) if name == "content-length" => {}
            (Some(a), Some(b)) if POLICIES.contains(&name) => policies(found, name, a, b, facts),
            (Some(a), Some(b)) => {
                if let Err([a, b]) =
                    found.same(a, b, |n, value, applied| n.header(name, value, facts, applied))
                {
                    found.add(header(name), Some(masked(name, &a)), Some(masked(name, &b)));
                }
            }
            (a, b) => {
                let said = |side: usize, value: Option<&String>| {
                    let value = found.normalisers[side].header(name, value?, facts, &mut BTreeSet::new());
                    Some(masked(name, &value))
                };
                let (a, b) = (said(0, a), said(1, b));
                found.add(header(name), a, b);
            }
        }
    }
}

fn header(name: &str) -> String {
    format!("header {}", short(name, LONGEST))
}

/// Values by name; those of a repeated header in their order.
fn by_name(reply: &Reply) -> BTreeMap<&str, String> {
    let mut headers: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in &reply.headers {
        let known = headers.entry(name).and_modify(|all| all.push('\n'));
        known.or_default().push_str(value);
    }
    headers
}

fn policies(found: &mut Finding<'_>, name: &str, a: &str, b: &str, facts: Facts) {
    let same = found.same(a, b, |n, value, applied| n.header(name, value, facts, applied));
    let Err([a, b]) = same else { return };
    let (of_a, of_b) = (directives(&a), directives(&b));
    let names: BTreeSet<&str> = of_a.keys().chain(of_b.keys()).copied().collect();
    let differing: Vec<&str> = names.into_iter().filter(|name| of_a.get(name) != of_b.get(name)).collect();
    if differing.is_empty() {
        found.add(format!("{}, in its order", header(name)), Some(a), Some(b));
    } else if differing.len() > DIRECTIVES {
        found.add(header(name), Some(a), Some(b));
    } else {
        for directive in differing {
            let said = |value: Option<&&str>| value.map(|value| (*value).to_owned());
            found.add(
                format!("{} {}", header(name), short(directive, LONGEST)),
                said(of_a.get(directive)),
                said(of_b.get(directive)),
            );
        }
    }
}

fn directives(policy: &str) -> BTreeMap<&str, &str> {
    let each = policy.split([';', '\n']).map(str::trim).filter(|directive| !directive.is_empty());
    each.map(|directive| directive.split_once(' ').unwrap_or((directive, ""))).collect()
}
