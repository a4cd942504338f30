//! From a record to the bytes of a line.
//!
//! A line is put together from a child's fields, encoded once, and from what the call brings. [`View`] is all that
//! an encoder sees of a record; [`Fragments`] is what it keeps of a child.

mod clock;
mod hidden;
mod json;
mod line;
mod order;
mod plan;
pub(crate) mod raw;
mod stack;
pub(crate) mod text;

use std::{cell::RefCell, fmt, ops::Range, time::SystemTime};

use greenroom_redact::Secrets;

use crate::{
    Format, Level,
    field::{Field, Fields},
    value::FieldValue,
};

pub use clock::Clock;
pub use hidden::{visible, visible_json};

/// The text of a line: rendered already, or still to be.
#[derive(Clone, Copy)]
pub(crate) enum Message<'a> {
    Args(fmt::Arguments<'a>),
    Text(&'a str),
    /// No secret is in it.
    Unmasked(&'a str),
}

/// One record, as encoders see it.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
    pub(crate) time: SystemTime,
    pub(crate) level: Level,
    pub(crate) message: Message<'a>,
    /// The child's fields.
    pub(crate) own: &'a Fields,
    /// The call's fields.
    pub(crate) call: &'a [Field<'a>],
    /// The fields of an error given as metadata.
    pub(crate) spread: &'a [Field<'a>],
    /// What the context adds, unless someone else has set it.
    pub(crate) context: &'a [Field<'a>],
    /// Another process has printed it.
    pub(crate) is_foreign: bool,
}

impl<'a> View<'a> {
    /// A field of the call by its index: the call's own, then the error's, then the context's.
    fn at(&self, index: usize) -> &Field<'a> {
        let (call, spread) = (self.call.len(), self.spread.len());
        match index {
            i if i < call => &self.call[i],
            i if i < call + spread => &self.spread[i - call],
            i => &self.context[i - call - spread],
        }
    }

    /// How many fields the call brings, with those of the error.
    fn called(&self) -> usize {
        self.call.len() + self.spread.len()
    }

    /// The last field of that key that the call brings; `additions` says whether added ones count.
    fn last(&self, key: &str, additions: bool) -> Option<usize> {
        (0..self.called()).rev().find(|&i| {
            let field = self.at(i);
            field.key == key && (additions || !field.is_added())
        })
    }

    /// The time that the call, else the child, has set, if JavaScript takes it for true: logform's rule.
    fn own_time(&self, additions: bool) -> Option<Field<'_>> {
        let called = self.last("timestamp", additions).map(|i| *self.at(i));
        let time = called.or_else(|| self.own.iter().find(|field| field.key == "timestamp"));
        time.filter(|field| field.value.truthy())
    }

    /// Whether anyone but the context sets that key.
    fn sets(&self, key: &str) -> bool {
        self.last(key, true).is_some() || self.own.get(key).is_some()
    }

    /// The indexes of the context's fields that are printed.
    fn context(&self) -> impl Iterator<Item = usize> {
        (0..self.context.len()).filter(|&i| !self.sets(self.context[i].key)).map(|i| i + self.called())
    }
}

/// A child's fields in one format, with the secrets of one generation masked.
#[derive(Debug)]
pub(crate) struct Fragments {
    pub(crate) generation: u64,
    bytes: Vec<u8>,
    parts: Vec<Part>,
    /// For lines: plugin or service.
    prefix: Option<Range<usize>>,
    /// For JSON: orders of calls that come again.
    plans: plan::Plans,
}

#[derive(Debug)]
struct Part {
    /// The index of the field in the child's.
    field: usize,
    bytes: Range<usize>,
}

impl Fragments {
    pub(crate) fn new(format: Format, own: &Fields, secrets: &Secrets) -> Self {
        if format.is_json() {
            json::fragments(own, secrets, format.has_additions())
        } else {
            line::fragments(own, secrets, format)
        }
    }
}

/// What an encoder writes with: buffers that live as long as the thread.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) line: Vec<u8>,
    /// The rendered message.
    pub(crate) text: String,
    /// One rendered value.
    pub(crate) value: String,
    pub(crate) clock: Clock,
}

thread_local! {
    static SCRATCH: RefCell<Option<Box<Scratch>>> = const { RefCell::new(None) };
}

/// A buffer grown beyond this is given back.
const KEEP: usize = 64 << 10;

impl Scratch {
    /// Lends the thread's buffers. A value that logs while it is being logged finds them lent and gets others.
    pub(crate) fn with<R>(f: impl FnOnce(&mut Self) -> R) -> R {
        let lent = SCRATCH.try_with(|cell| cell.try_borrow_mut().ok().and_then(|mut slot| slot.take()));
        let mut scratch = lent.ok().flatten().unwrap_or_default();
        let out = f(&mut scratch);
        if scratch.line.capacity() <= KEEP
            && scratch.text.capacity() <= KEEP
            && scratch.value.capacity() <= KEEP
        {
            let _ = SCRATCH.try_with(|cell| cell.try_borrow_mut().map(|mut slot| *slot = Some(scratch)));
        }
        out
    }
}

/// Appends one line, its end included.
pub(crate) fn encode(
    format: Format,
    view: &View<'_>,
    fragments: &Fragments,
    secrets: &Secrets,
    out: &mut Vec<u8>,
    value: &mut String,
    clock: &mut Clock,
) {
    let mut to = Target { out, value, clock, secrets };
    if format.is_json() {
        json::encode(&mut to, view, fragments, format);
    } else {
        line::encode(&mut to, view, fragments, format);
    }
    to.out.push(b'\n');
}

struct Target<'t> {
    out: &'t mut Vec<u8>,
    value: &'t mut String,
    clock: &'t mut Clock,
    secrets: &'t Secrets,
}

impl Target<'_> {
    fn key(&mut self, field: &Field<'_>) {
        if field.flags.has(crate::field::Flags::LITERAL) {
            greenroom_js::json::string(self.out, field.key);
        } else {
            text::masked(self.out, field.key, self.secrets);
        }
    }

    /// A value as JSON; nothing for `undefined`.
    fn json_value(&mut self, field: &Field<'_>, sorted: bool) {
        let is_trusted = field.flags.has(crate::field::Flags::TRUSTED);
        match field.value {
            FieldValue::Str(text) if is_trusted || !self.secrets.is_active() => {
                greenroom_js::json::string(self.out, text);
            }
            value if is_trusted => text::value(self.out, self.value, value, &Secrets::default(), sorted),
            value => text::value(self.out, self.value, value, self.secrets, sorted),
        }
    }
}

/// Whether a child's field goes unmasked: what tells the line's origin.
fn is_origin(key: &str) -> bool {
    key == "service" || key == "plugin"
}

fn is_undefined(field: &Field<'_>) -> bool {
    matches!(field.value, FieldValue::Undefined)
}
