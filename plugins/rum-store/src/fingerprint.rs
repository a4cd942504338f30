//! Which errors are one: the fingerprint of a group.
//!
//! It is made of the service, the type, the message without what differs each time, and the place in the app's own code.
//! Where the app gives its own `error.fingerprint`, that and the service decide alone.
//!
//! One split is known: the SDK's version 5 tells no type for what is logged by `console.error`, so that such an error is
//! of another group than the same one told by versions 6 and 7.

use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};

use crate::{message, stack::Frame};

/// The rules by which fingerprints are made. A change of them is a new version, and makes new groups.
pub const VERSION: u8 = 1;

/// What of an error decides on its group.
#[derive(Clone, Copy, Debug, Default)]
pub struct ErrorFacts<'a> {
    /// The service that the event names.
    pub service: &'a str,
    /// `error.fingerprint`, which the app itself has set.
    pub fingerprint: Option<&'a str>,
    /// `error.type`.
    pub kind: Option<&'a str>,
    /// `error.source`: `source`, `network`, `console`, …
    pub source: &'a str,
    /// `error.message`.
    pub message: &'a str,
    /// Where it was thrown.
    pub culprit: Option<Culprit<'a>>,
}

/// A place in the app's own code: in the sources where a source map tells it, else in the bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Culprit<'a> {
    /// The path of the source, or the URL of the script.
    pub file: &'a str,
    /// `None` where the function has no name.
    pub function: Option<&'a str>,
}

impl<'a> From<&Frame<'a>> for Culprit<'a> {
    fn from(frame: &Frame<'a>) -> Self {
        Self { file: frame.url, function: frame.function }
    }
}

impl fmt::Display for Culprit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = file(self.file);
        f.write_str(file.rsplit('/').next().unwrap_or(&file))?;
        self.function.map_or(Ok(()), |function| write!(f, " · {function}"))
    }
}

/// 16 hexadecimal digits.
pub fn fingerprint(error: &ErrorFacts<'_>) -> String {
    let mut hash = Context::new(&SHA256);
    hash.update(&[VERSION]);
    // With its length each part is told from the next, whatever it holds.
    let mut part = |text: &str| {
        hash.update(&text.len().to_le_bytes());
        hash.update(text.as_bytes());
    };
    part(error.service);
    match error.fingerprint.filter(|own| !own.is_empty()) {
        Some(own) => part(own),
        None => {
            part(error.kind.filter(|kind| !kind.is_empty()).unwrap_or(error.source));
            part(&message::normalised(error.message));
            let culprit = error.culprit.as_ref();
            part(&culprit.map_or_else(Default::default, |culprit| file(culprit.file)));
            part(culprit.and_then(|culprit| culprit.function).unwrap_or_default());
        }
    }
    hash.finish().as_ref()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The name of a script without the hash of its content; a source keeps its whole path.
fn file(file: &str) -> String {
    let Some((_, behind)) = file.split_once("://") else { return file.to_owned() };
    let path = behind.split(['?', '#']).next().unwrap_or_default();
    without_hash(path.rsplit('/').next().unwrap_or_default())
}

/// The name of a file of a bundle without what a build changes: the hash of its content, and the number of a chunk.
pub(crate) fn without_hash(name: &str) -> String {
    let Some((stem, extension)) = name.rsplit_once('.') else { return name.to_owned() };
    let mut kept = String::with_capacity(name.len());
    for part in stem.split_inclusive(['.', '-', '_']) {
        let bare = part.trim_end_matches(['.', '-', '_']);
        if !is_hash(bare) {
            let is_number = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
            kept.push_str(if is_number { "*" } else { bare });
            kept.push_str(&part[bare.len()..]);
        }
    }
    let kept = kept.trim_end_matches(['.', '-', '_']);
    format!("{}.{extension}", if kept.is_empty() { "*" } else { kept })
}

/// Hexadecimal digits, a decimal one among them: `facade` and `decade` are words.
fn is_hash(part: &str) -> bool {
    let is_hex = part.bytes().all(|byte| byte.is_ascii_hexdigit());
    part.len() >= 6 && is_hex && part.bytes().any(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error<'a>(message: &'a str, url: &'a str) -> ErrorFacts<'a> {
        let culprit = Some(Culprit { file: url, function: Some("render") });
        ErrorFacts {
            service: "portal",
            kind: Some("Error"),
            source: "source",
            message,
            culprit,
            ..ErrorFacts::default()
        }
    }

    #[test]
    fn rum_70_errors_that_differ_in_numbers_ids_and_builds_are_one() {
        let one = fingerprint(&error("No entity 42", "https://a.example/static/main.3f2a1b9c.js"));
        assert_eq!(one.len(), 16);
        for (message, url) in [
            ("No entity 43", "https://a.example/static/main.3f2a1b9c.js"),
            (
                "No entity 5f0c2f0e-14bb-4f4e-8b0c-a6e5be6c0b6b",
                "https://b.example/static/main.0d0d0d0d.js?x=1",
            ),
        ] {
            assert_eq!(fingerprint(&error(message, url)), one, "{message} {url}");
        }
    }

    #[test]
    fn rum_70_errors_of_another_service_type_place_or_message_are_others() {
        let base = error("No entity", "https://h/static/main.js");
        let other_function = Culprit { file: "https://h/static/main.js", function: Some("load") };
        let all = [
            base,
            ErrorFacts { service: "other", ..base },
            ErrorFacts { kind: Some("TypeError"), ..base },
            ErrorFacts { kind: None, source: "console", ..base },
            ErrorFacts { message: "No user", ..base },
            ErrorFacts { culprit: None, ..base },
            ErrorFacts { culprit: Some(other_function), ..base },
            error("No entity", "https://h/static/other.js"),
            error("No entity", "src/main.js"),
            ErrorFacts { fingerprint: Some("mine"), ..base },
        ];
        let mut prints: Vec<_> = all.iter().map(fingerprint).collect();
        prints.sort();
        prints.dedup();
        assert_eq!(prints.len(), all.len());
    }

    #[test]
    fn rum_70_the_apps_own_fingerprint_decides_alone() {
        let own = |message| ErrorFacts { fingerprint: Some("mine"), ..error(message, "https://h/a.js") };
        assert_eq!(fingerprint(&own("a")), fingerprint(&own("b")));
        let empty = ErrorFacts { fingerprint: Some(""), ..error("a", "https://h/a.js") };
        assert_eq!(fingerprint(&empty), fingerprint(&error("a", "https://h/a.js")));
    }

    #[test]
    fn a_culprit_is_told_in_short() {
        let told = |file, function| Culprit { file, function }.to_string();
        assert_eq!(told("https://h/static/main.3f2a1b9c.js", Some("render")), "main.js · render");
        assert_eq!(told("plugins/graph/src/Graph.tsx", None), "Graph.tsx");
    }

    #[test]
    fn a_version_keeps_its_fingerprints() {
        assert_eq!(VERSION, 1, "what is stored was made by these rules");
        assert_eq!(
            fingerprint(&error("No entity 42", "https://h/static/main.3f2a1b9c.js")),
            "81fcf33be973e51e"
        );
    }

    #[test]
    fn the_hash_of_a_file_is_taken_away() {
        for (name, expected) in [
            ("main.3f2a1b9c.js", "main.js"),
            ("module-material-ui.0a1b2c3d.js", "module-material-ui.js"),
            ("1234.0a1b2c3d.chunk.js", "*.chunk.js"),
            ("index-0a1b2c3d.js", "index.js"),
            ("datadogRecorder-531f1c41bdc9a22e4845-datadog-rum.js", "datadogRecorder-datadog-rum.js"),
            ("app.min.js", "app.min.js"),
            ("facade.js", "facade.js"),
            ("0a1b2c3d4e5f.svg", "*.svg"),
            ("1234.js", "*.js"),
            ("page", "page"),
            ("", ""),
        ] {
            assert_eq!(without_hash(name), expected, "{name}");
        }
    }
}
