//! Two answers to the same bytes: one by Node itself, one through the gateway.

use greenroom_conformance::{
    compare::Difference,
    mask,
    reply::{self, Reply},
    wire::{Answer, Outcome},
};

/// Headers that are each connection's own, that change with the second, or that the gateway adds.
const OWN: &[&str] = &["connection", "keep-alive", "date", "x-request-id"];

/// What the two differ in; statuses, reasons, headers and bodies are to be the same, byte for byte.
pub fn differences(direct: &Reply, through: &Reply) -> Vec<Difference> {
    let mut found = Vec::new();
    let mut check = |what: String, direct: Option<String>, through: Option<String>| {
        if direct != through {
            found.push(Difference { what, recorded: direct, received: through });
        }
    };
    match (direct, through) {
        (Ok(Outcome::Answered(direct)), Ok(Outcome::Answered(through))) => {
            check("answers".into(), Some(direct.len().to_string()), Some(through.len().to_string()));
            for (direct, through) in direct.iter().zip(through) {
                compare(direct, through, &mut check);
            }
        }
        (direct, through) => check("exchange".into(), Some(said(direct)), Some(said(through))),
    }
    found
}

fn said(reply: &Reply) -> String {
    match reply {
        Ok(outcome) => reply::brief(outcome),
        Err(error) => format!("failed: {:?}", error.kind()),
    }
}

fn compare(
    direct: &Answer<Vec<u8>>,
    through: &Answer<Vec<u8>>,
    check: &mut impl FnMut(String, Option<String>, Option<String>),
) {
    check("status".into(), Some(direct.head.status.to_string()), Some(through.head.status.to_string()));
    check("reason".into(), Some(direct.head.reason.clone()), Some(through.head.reason.clone()));
    check("cut".into(), Some(direct.cut.to_string()), Some(through.cut.to_string()));
    // A body with an id has another hash, and may have another length.
    let masked = |body: &[u8]| std::str::from_utf8(body).ok().map(mask::text);
    let varies = masked(&direct.body).is_some_and(|masked| masked.varies);
    let text = |body: &[u8]| match masked(body) {
        Some(masked) if varies => masked.text,
        _ => body.escape_ascii().to_string(),
    };
    if direct.body != through.body {
        check("body".into(), Some(text(&direct.body)), Some(text(&through.body)));
    }
    let is_named = |answer: &Answer<Vec<u8>>, name: &str| answer.head.header(name).is_some();
    let names = |answer: &Answer<Vec<u8>>| {
        answer.head.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect::<Vec<_>>()
    };
    let mut all = [names(direct), names(through)].concat();
    all.sort();
    all.dedup();
    for name in all.iter().filter(|name| !OWN.contains(&name.as_str())) {
        let is_of_body = matches!(name.as_str(), "etag" | "content-length");
        if is_of_body
            && (varies || is_of_hidden_body(direct))
            && is_named(direct, name)
            && is_named(through, name)
        {
            continue;
        }
        let values = |answer: &Answer<Vec<u8>>| {
            let of_name = answer.head.headers.iter().filter(|(it, _)| it.eq_ignore_ascii_case(name));
            let values: Vec<_> = of_name.map(|(_, value)| mask::header(name, value)).collect();
            (!values.is_empty()).then(|| values.join("\n"))
        };
        check(format!("header {name}"), values(direct), values(through));
    }
}

/// The answer to a HEAD request for an internal error is described by a body that holds an id.
fn is_of_hidden_body(answer: &Answer<Vec<u8>>) -> bool {
    answer.head.status == 500 && answer.body.is_empty()
}
