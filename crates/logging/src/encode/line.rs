//! The development line: `<time> <origin> <level> <message> <fields>`.
//!
//! Fields stand in the order of a JavaScript object: whole numbers first, then the child's, then the call's; a call
//! that sets a field of the child leaves it in its place. A line without fields ends in a space, as Node's does.
//!
//! In Greenroom's own formats a stack of several lines stands below its line, indented: see `stack.rs`.

use std::cell::Cell;

use greenroom_js::key::array_index;

use greenroom_redact::Secrets;

use crate::{
    Format,
    encode::{Fragments, Message, Part, Target, View, hidden, is_undefined, plan::Plans, stack, text},
    field::{Field, Fields},
    value::FieldValue,
};

struct Style {
    dim: (&'static str, &'static str),
    blue: &'static str,
    cyan: &'static str,
    plain: &'static str,
}

const COLOURED: Style =
    Style { dim: ("\x1b[2m", "\x1b[22m"), blue: "\x1b[34m", cyan: "\x1b[36m", plain: "\x1b[39m" };
const PLAIN: Style = Style { dim: ("", ""), blue: "", cyan: "", plain: "" };

fn style(format: Format) -> &'static Style {
    if format.is_coloured() { &COLOURED } else { &PLAIN }
}

/// Keys that are no fields of the line, for they stand elsewhere in it.
fn is_placed(key: &str) -> bool {
    matches!(key, "plugin" | "service" | "timestamp" | "level" | "message")
}

/// Node shows people what is `undefined`; an addition of ours that has no value is no field.
fn is_nothing(field: &Field<'_>) -> bool {
    field.is_added() && is_undefined(field)
}

fn is_for_programs(field: &Field<'_>) -> bool {
    field.flags.has(crate::field::Flags::FOR_PROGRAMS)
}

/// A child's fields as `key=value`, in their order, and its origin.
pub(super) fn fragments(own: &Fields, secrets: &Secrets, format: Format) -> Fragments {
    let (mut bytes, mut value) = (Vec::new(), String::new());
    let mut parts = Vec::new();
    let clock = &mut super::Clock::default();
    let mut to = Target { out: &mut bytes, value: &mut value, clock, secrets };
    for (i, field) in own.iter().enumerate() {
        let is_added = field.is_added() && !format.has_additions();
        if is_placed(field.key) || is_added || is_nothing(&field) || is_for_programs(&field) {
            continue;
        }
        let from = to.out.len();
        pair(&mut to, &field, style(format));
        parts.push(Part { field: i, bytes: from..to.out.len() });
    }
    let from = to.out.len();
    let origin = own.get("plugin").filter(FieldValue::truthy).or_else(|| own.get("service"));
    if let Some(origin) = origin {
        let mut text = String::new();
        origin.push_text(&mut text);
        to.out.extend_from_slice(text.as_bytes());
        hidden::show(to.out, from);
    }
    let prefix = origin.map(|_| from..to.out.len());
    Fragments { generation: secrets.generation(), bytes, parts, prefix, plans: Plans::default() }
}

fn pair(to: &mut Target<'_>, field: &Field<'_>, style: &Style) {
    to.out.extend_from_slice(style.cyan.as_bytes());
    let from = to.out.len();
    if field.flags.has(crate::field::Flags::LITERAL) {
        to.out.extend_from_slice(field.key.as_bytes());
    } else {
        masked(to, field.key);
    }
    hidden::show(to.out, from);
    to.out.extend_from_slice(style.plain.as_bytes());
    to.out.push(b'=');
    let from = to.out.len();
    if is_undefined(field) {
        to.out.extend_from_slice(b"undefined");
    } else {
        to.json_value(field, false);
    }
    hidden::show(to.out, from);
}

/// A value as plain text, its secrets masked.
fn plain(to: &mut Target<'_>, field: &Field<'_>) {
    let mut text = std::mem::take(to.value);
    text.clear();
    field.value.push_text(&mut text);
    let from = to.out.len();
    if field.flags.has(crate::field::Flags::TRUSTED) {
        to.out.extend_from_slice(text.as_bytes());
    } else {
        masked(to, &text);
    }
    hidden::show(to.out, from);
    *to.value = text;
}

fn masked(to: &mut Target<'_>, text: &str) {
    to.secrets.pieces(text, |piece| to.out.extend_from_slice(piece.as_bytes()));
}

pub(super) fn encode(to: &mut Target<'_>, view: &View<'_>, fragments: &Fragments, format: Format) {
    let style = style(format);
    let additions = format.has_additions();
    to.out.extend_from_slice(style.dim.0.as_bytes());
    time(to, view, additions);
    to.out.extend_from_slice(style.dim.1.as_bytes());
    to.out.push(b' ');

    to.out.extend_from_slice(style.blue.as_bytes());
    origin(to, view, fragments, additions);
    to.out.extend_from_slice(style.plain.as_bytes());
    to.out.push(b' ');

    if format.is_coloured() {
        to.out.extend_from_slice(view.level.colour().as_bytes());
    }
    to.out.extend_from_slice(view.level.as_str().as_bytes());
    to.out.extend_from_slice(style.plain.as_bytes());
    to.out.push(b' ');

    let from = to.out.len();
    match view.message {
        Message::Text(text) => masked(to, text),
        Message::Unmasked(text) => to.out.extend_from_slice(text.as_bytes()),
        Message::Args(args) => {
            let mut text = std::mem::take(to.value);
            text.clear();
            text::render(&mut text, args);
            masked(to, &text);
            *to.value = text;
        }
    }
    hidden::show(to.out, from);
    let message = from..to.out.len();
    let stack = fields(to, view, fragments, style, additions);
    if to.out.len() == message.end {
        to.out.push(b' ');
    }
    if let Some(i) = stack {
        stack::below(to, view.at(i), message);
    }
}

fn time(to: &mut Target<'_>, view: &View<'_>, additions: bool) {
    match view.own_time(additions) {
        Some(field) => plain(to, &field),
        None => to.out.extend_from_slice(to.clock.text(view.time).as_bytes()),
    }
}

/// Whose a line is that names nobody: JavaScript's word; of another process, who it is.
fn nobody(view: &View<'_>) -> &'static [u8] {
    if view.is_foreign { b"node" } else { b"undefined" }
}

/// The plugin if there is one, else the service.
fn origin(to: &mut Target<'_>, view: &View<'_>, fragments: &Fragments, additions: bool) {
    let (plugin, service) = (view.last("plugin", additions), view.last("service", additions));
    if plugin.is_none() && service.is_none() {
        match &fragments.prefix {
            Some(range) => to.out.extend_from_slice(&fragments.bytes[range.clone()]),
            None => to.out.extend_from_slice(nobody(view)),
        }
        return;
    }
    let of = |called: Option<usize>, key: &str| match called {
        Some(i) => Some(*view.at(i)),
        None => view.own.iter().find(|field| field.key == key).map(Field::trusted),
    };
    let chosen = of(plugin, "plugin").filter(|f| f.value.truthy()).or_else(|| of(service, "service"));
    match chosen {
        Some(field) => plain(to, &field),
        None => to.out.extend_from_slice(nobody(view)),
    }
}

/// Where a printed field comes from.
#[derive(Clone, Copy)]
enum Slot<'f> {
    /// The child, unless the call sets it anew.
    Own(&'f Part),
    /// The call.
    Called(usize),
}

const TRACE: [&str; 3] = ["trace_id", "span_id", "trace_flags"];

/// Writes them, but for a stack that stands below: which one that is.
fn fields(
    to: &mut Target<'_>,
    view: &View<'_>,
    fragments: &Fragments,
    style: &Style,
    additions: bool,
) -> Option<usize> {
    let own = |key: &str| fragments.parts.iter().any(|part| view.own.at(part.field).key == key);
    let below = Cell::new(None);
    let called = |&i: &usize| {
        let field = view.at(i);
        if additions && stack::stands_below(field) && !own(field.key) {
            below.set(Some(i));
            return false;
        }
        !is_placed(field.key)
            && !is_for_programs(field)
            && (additions || !field.is_added())
            && !is_nothing(field)
            && view.last(field.key, additions) == Some(i)
            && !own(field.key)
    };
    // A trace is followed by programs: for people, the request's id is enough.
    let context = view.context().filter(|&i| additions && !TRACE.contains(&view.at(i).key));
    let slots = || {
        let own = fragments.parts.iter().map(Slot::Own);
        own.chain((0..view.called()).filter(called).map(Slot::Called))
    };
    let index = |slot: &Slot<'_>| match *slot {
        Slot::Own(part) => array_index(view.own.at(part.field).key),
        Slot::Called(i) => array_index(view.at(i).key),
    };
    let mut numbered: Vec<_> = slots().filter(|slot| index(slot).is_some()).collect();
    numbered.sort_by_key(index);
    let named = slots().filter(|slot| index(slot).is_none());
    for slot in numbered.into_iter().chain(named).chain(context.map(Slot::Called)) {
        to.out.push(b' ');
        match slot {
            Slot::Called(i) => pair(to, view.at(i), style),
            Slot::Own(part) => match view.last(view.own.at(part.field).key, additions) {
                Some(i) => pair(to, view.at(i), style),
                None => to.out.extend_from_slice(&fragments.bytes[part.bytes.clone()]),
            },
        }
    }
    below.get()
}
