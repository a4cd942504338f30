//! The script that starts the SDK: one file for all pages, external because Backstage's `Content-Security-Policy` lets no
//! inline script run.

mod settings;

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use serde::Serialize;

use crate::settings::Rum;

pub(crate) use settings::ScriptSettings;

use settings::LISTS;

const SCRIPT: &str = include_str!("init.js");
const MASK: &str = include_str!("mask.js");
/// The parts of the mask. Each makes its own values when it is read, of those of the parts before it.
const RULES: &[&str] = &[
    include_str!("mask/find.js"),
    include_str!("mask/redact/name.js"),
    include_str!("mask/redact/shape.js"),
    include_str!("mask/redact/webhook.js"),
    include_str!("mask/redact/url.js"),
    include_str!("mask/redact/text.js"),
    include_str!("mask/scrub/text.js"),
    include_str!("mask/scrub/named.js"),
];

/// The script and its name, which changes with it.
#[derive(Clone, Debug)]
pub(crate) struct InitScript {
    pub(crate) hash: String,
    pub(crate) text: Bytes,
}

impl InitScript {
    pub(crate) fn of(rum: &Rum) -> Self {
        // What the config says comes last, so that nothing in it is taken for a mark.
        let mask = MASK.replace("/*rules*/", &RULES.join("\n"));
        let text = SCRIPT.replace("/*mask*/", mask.trim_end()).replace("/*lists*/", &in_script(&LISTS));
        let text = text.replace("/*settings*/", &in_script(&ScriptSettings::of(rum)));
        Self { hash: hash(text.as_bytes()), text: text.into() }
    }
}

/// A name for content: so much of its SHA-256 that no two are alike by accident.
pub(crate) fn hash(bytes: &[u8]) -> String {
    let digest = digest(&SHA256, bytes);
    digest.as_ref()[..10].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Whether a name is of that form.
pub(crate) fn is_hash(name: &str) -> bool {
    name.len() == 20 && name.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// JSON that means the same in a script, also in one that stands in a page.
fn in_script(value: &impl Serialize) -> String {
    // Texts, numbers and lists of them are always JSON.
    let json = serde_json::to_string(value).unwrap_or_default();
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests;
