//! The shape of two logs: which keys, with which JSON types, lines of one kind have.
//!
//! What lines say is not compared: it depends on what happened. A kind that only one log has tells nothing either.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Read},
    time::Instant,
};

use greenroom_node_log::{Kind, Reader, Record, Stream};
use serde_json::{Map, Value};

use crate::{
    area::Area,
    compare::{Compared, Difference, shapes},
    report::{Report, Subject},
};

/// So many bytes of a file are read.
const MOST: u64 = 256 * 1024 * 1024;

/// So many kinds are told apart.
const KINDS: usize = 100;

/// So many keys of one kind are told apart.
const KEYS: usize = 500;

type Keys = BTreeMap<String, BTreeSet<&'static str>>;

/// What lines of each kind have.
///
/// ```
/// use greenroom_conform::LogShape;
///
/// let log = "{\"level\":\"info\",\"message\":\"up\",\"plugin\":\"catalog\"}\nListening on :7007\n";
/// let shape = LogShape::read(log.as_bytes()).unwrap();
/// assert_eq!(shape.kinds().collect::<Vec<_>>(), [("lines of level info", 1), ("text", 1)]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogShape(BTreeMap<String, (u64, Keys)>);

impl LogShape {
    /// Reads what a backend has printed, to its end.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn read(from: impl Read) -> io::Result<Self> {
        let mut from = from.take(MOST);
        let (mut shape, mut piece) = (Self::default(), vec![0; 64 * 1024]);
        let mut reader = Reader::new(Stream::Merged);
        loop {
            let read = match from.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read == 0 {
                reader.finish(&mut |record| shape.note(&record));
                return Ok(shape);
            }
            reader.push(&piece[..read], Instant::now(), &mut |record| shape.note(&record));
        }
    }

    fn note(&mut self, record: &Record<'_>) {
        let kind = kind(record);
        if self.0.len() >= KINDS && !self.0.contains_key(&kind) {
            return;
        }
        let (lines, keys) = self.0.entry(kind).or_default();
        *lines += 1;
        for (key, types) in shapes(&line(record)) {
            if keys.len() < KEYS || keys.contains_key(&key) {
                keys.entry(key).or_default().extend(types);
            }
        }
    }

    /// The kinds of lines that there are, and how many of each.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, u64)> {
        self.0.iter().map(|(kind, (lines, _))| (&**kind, *lines))
    }
}

/// What a line is, as far as lines of that kind have the same keys: its `type`, if it has one, else its level.
fn kind(record: &Record<'_>) -> String {
    /// A type is a word.
    const LONGEST: usize = 60;
    let level = record.level.as_str();
    match (&record.kind, record.record_type.as_deref().filter(|kind| kind.len() <= LONGEST)) {
        (Kind::Json, Some(kind)) => format!("lines of type {kind}"),
        (Kind::Json, None) => format!("lines of level {level}"),
        (Kind::Development, Some(kind)) => format!("development lines of type {kind}"),
        (Kind::Development, None) => format!("development lines of level {level}"),
        (Kind::Error, _) => "errors that passed the logger by".to_owned(),
        (Kind::ProcessWarning(_), _) => "warnings of the process".to_owned(),
        (Kind::Uncaught(_), _) => "errors that nothing caught".to_owned(),
        (Kind::V8Fatal, _) => "last words of V8".to_owned(),
        _ => "text".to_owned(),
    }
}

/// The line as an object: all of one in JSON, the fields of one in development.
fn line(record: &Record<'_>) -> Value {
    match record.kind {
        Kind::Json => serde_json::from_slice(&record.raw).unwrap_or_default(),
        Kind::Development => {
            let fields = record.fields();
            let members = fields.iter().map(|field| (field.key.to_string(), field.value()));
            Value::Object(members.collect::<Map<_, _>>())
        }
        _ => Value::Null,
    }
}

impl Report {
    /// Compares the shapes of two logs, and notes it.
    pub fn note_logs(&mut self, a: &LogShape, b: &LogShape) {
        let kinds: BTreeSet<&String> = a.0.keys().chain(b.0.keys()).collect();
        for kind in kinds {
            let compared = match (a.0.get(kind), b.0.get(kind)) {
                (Some((_, a)), Some((_, b))) => {
                    Compared { differences: differences(a, b), ..Compared::default() }
                }
                (of_a, _) => {
                    let who = if of_a.is_some() { "a" } else { "b" };
                    let why = format!("only the log of {who} has any");
                    Compared { not_comparable: Some(why), ..Compared::default() }
                }
            };
            self.note(subject(kind.clone()), compared);
        }
    }
}

fn subject(name: String) -> Subject {
    Subject { area: Area::Log, name, request: None, curl: None }
}

fn differences(a: &Keys, b: &Keys) -> Vec<Difference> {
    let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let of = |keys: &Keys, key: &String| {
        keys.get(key).map(|types| types.iter().copied().collect::<Vec<_>>().join(" or "))
    };
    let both = |key: &String| {
        let (a, b) = (of(a, key), of(b, key));
        (a != b).then(|| Difference { what: format!("key {key}"), a, b })
    };
    // Where a key is missing, what stands below it is missing too.
    let found: Vec<Difference> = keys.into_iter().filter_map(both).collect();
    let is_below = |difference: &Difference| {
        found.iter().any(|other| {
            (other.a.is_none() || other.b.is_none())
                && difference.what.strip_prefix(&other.what).is_some_and(|rest| rest.starts_with(['.', '[']))
        })
    };
    found.iter().filter(|difference| !is_below(difference)).cloned().collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{known::Known, report::Verdict};

    fn report(a: &str, b: &str) -> Report {
        let shape = |text: &str| LogShape::read(text.as_bytes()).unwrap();
        let mut report = Report::new(Known::default());
        report.note_logs(&shape(a), &shape(b));
        report
    }

    #[test]
    fn a_key_that_is_gone_and_one_of_another_type_are_told_once_each() {
        let a = r#"{"type":"incomingRequest","level":"info","message":"m","status":200,"user":{"name":"x"}}"#;
        let b = r#"{"type":"incomingRequest","level":"info","message":"m","status":"200"}"#;
        let report = report(a, b);
        assert_eq!(report.exit_code(), 1);
        assert_eq!(
            report.text(),
            "log      1 differs\n\n\
             log: lines of type incomingRequest\n  key status\n    a: number\n    b: string\n  \
             key user\n    a: object\n    b: (absent)\n\n\
             2 differences in 1 of 1."
        );
    }

    #[test]
    fn what_only_one_log_has_tells_nothing_and_what_lines_say_is_not_compared() {
        let a = "{\"level\":\"info\",\"message\":\"a\"}\n{\"level\":\"error\",\"message\":\"x\"}\n";
        let report = report(a, "{\"level\":\"info\",\"message\":\"b\"}\n");
        assert_eq!(report.exit_code(), 0);
        let cannot = |checked: &&crate::Checked| matches!(checked.verdict, Verdict::NotComparable(_));
        assert_eq!(report.checked.iter().filter(cannot).count(), 1);
    }

    proptest! {
        #[test]
        fn any_file_is_read_and_has_its_own_shape(file in prop::collection::vec(any::<u8>(), 0..500)) {
            let shape = LogShape::read(&file[..]).unwrap();
            let mut report = Report::new(Known::default());
            report.note_logs(&shape, &shape);
            prop_assert!(report.checked.iter().all(|checked| checked.verdict == Verdict::Same));
        }
    }
}
