//! Node's production line: one object, its keys sorted.

use std::cmp::Ordering;

use crate::{
    encode::{Fragments, Message, Part, Target, View, is_origin, is_undefined, text},
    field::{Field, Fields},
    redact::Redactor,
    value::FieldValue,
};

/// A child's fields as `"key":value`, in the order of a line.
pub(super) fn fragments(own: &Fields, redactor: &Redactor, additions: bool) -> Fragments {
    let mut order: Vec<usize> = (0..own.len())
        .filter(|&i| !is_undefined(&own.at(i)) && (additions || !own.at(i).is_added()))
        .collect();
    order.sort_by(|&a, &b| text::utf16_cmp(own.at(a).key, own.at(b).key));
    // About what they take.
    let (mut bytes, mut value) = (Vec::with_capacity(own.len() * 32), String::new());
    let parts = order.into_iter().map(|i| {
        let mut field = own.at(i);
        if is_origin(field.key) {
            field = field.trusted();
        }
        let from = bytes.len();
        let clock = &mut super::Clock::default();
        let mut to = Target { out: &mut bytes, value: &mut value, clock, redactor };
        to.key(&field);
        to.out.push(b':');
        to.json_value(&field, true);
        Part { field: i, bytes: from..bytes.len() }
    });
    let parts = parts.collect();
    Fragments { generation: redactor.generation, bytes, parts, prefix: None }
}

/// Fields that every line has, numbered beyond those of the call.
const LEVEL: u16 = u16::MAX;
const MESSAGE: u16 = u16::MAX - 1;
const TIMESTAMP: u16 = u16::MAX - 2;

/// Calls with more fields than this take their order from the heap.
const INLINE: usize = 32;

/// A key, most of which differ from each other in their first eight bytes.
#[derive(Clone, Copy)]
struct Key<'k> {
    first: u64,
    text: &'k str,
}

impl<'k> Key<'k> {
    fn new(text: &'k str) -> Self {
        let first = match text.as_bytes().first_chunk() {
            Some(eight) => u64::from_be_bytes(*eight),
            None => text.bytes().rev().fold(0, |few, byte| few >> 8 | u64::from(byte) << 56),
        };
        Self { first, text }
    }

    fn is(self, other: Self) -> bool {
        self.first == other.first && self.text == other.text
    }

    fn cmp(self, other: Self) -> Ordering {
        const BEYOND_ASCII: u64 = 0x8080_8080_8080_8080;
        match (self.first ^ other.first, (self.first | other.first) & BEYOND_ASCII) {
            (1.., 0) => self.first.cmp(&other.first),
            _ => text::utf16_cmp(self.text, other.text),
        }
    }
}

/// A field that is printed.
#[derive(Clone, Copy)]
struct Place<'k> {
    key: Key<'k>,
    field: u16,
}

pub(super) fn encode(to: &mut Target<'_>, view: &View<'_>, fragments: &Fragments, additions: bool) {
    let most = view.called() + view.context.len() + 3;
    let unset = Place { key: Key { first: 0, text: "" }, field: 0 };
    let (mut inline, mut heap) = ([unset; INLINE], Vec::new());
    let order = if most <= INLINE {
        &mut inline[..]
    } else {
        heap.resize(most, unset);
        &mut heap[..]
    };
    let mut count = 0;
    let mut add = |key, field| {
        insert(&mut order[..=count], Place { key: Key::new(key), field });
        count += 1;
    };
    add("level", LEVEL);
    add("message", MESSAGE);
    let mut stamped = !additions;
    for i in 0..view.called().min(TIMESTAMP.into()) {
        let field = view.at(i);
        if field.key == "level" || field.key == "message" || (!additions && field.is_added()) {
            continue;
        }
        stamped |= field.key == "timestamp";
        add(field.key, i as u16);
    }
    if additions {
        if !stamped && view.own.get("timestamp").is_none() {
            add("timestamp", TIMESTAMP);
        }
        view.context().for_each(|i| add(view.at(i).key, i as u16));
    }
    merge(to, view, fragments, &order[..count]);
}

/// Puts the place where it belongs among the others, which leave the last one free. Equal keys stay in the order in
/// which they came.
fn insert<'k>(order: &mut [Place<'k>], place: Place<'k>) {
    let mut at = order.len() - 1;
    while at > 0 && order[at - 1].key.cmp(place.key).is_gt() {
        order[at] = order[at - 1];
        at -= 1;
    }
    order[at] = place;
}

/// Writes the call's fields and the child's, both sorted, the call's in place of the child's.
fn merge(to: &mut Target<'_>, view: &View<'_>, fragments: &Fragments, order: &[Place<'_>]) {
    let mut separator = b'{';
    let mut parts =
        fragments.parts.iter().map(|part| (Key::new(view.own.at(part.field).key), part)).peekable();
    let copy = |to: &mut Target<'_>, part: &Part, separator: &mut u8| {
        to.out.push(std::mem::replace(separator, b','));
        to.out.extend_from_slice(&fragments.bytes[part.bytes.clone()]);
    };
    for (n, place) in order.iter().enumerate() {
        if order.get(n + 1).is_some_and(|next| next.key.is(place.key)) {
            continue;
        }
        while let Some((_, part)) = parts.next_if(|(key, _)| key.cmp(place.key).is_lt()) {
            copy(to, part, &mut separator);
        }
        parts.next_if(|(key, _)| key.is(place.key));
        if place.field < TIMESTAMP && is_undefined(view.at(place.field.into())) {
            continue;
        }
        to.out.push(std::mem::replace(&mut separator, b','));
        match place.field {
            LEVEL => {
                to.out.extend_from_slice(b"\"level\":\"");
                to.out.extend_from_slice(view.level.as_str().as_bytes());
                to.out.push(b'"');
            }
            MESSAGE => {
                to.out.extend_from_slice(b"\"message\":");
                message(to, view);
            }
            TIMESTAMP => {
                to.out.extend_from_slice(b"\"timestamp\":\"");
                to.out.extend_from_slice(to.clock.text(view.time).as_bytes());
                to.out.push(b'"');
            }
            i => field(to, view.at(i.into())),
        }
    }
    parts.for_each(|(_, part)| copy(to, part, &mut separator));
    to.out.push(b'}');
}

fn message(to: &mut Target<'_>, view: &View<'_>) {
    match view.message {
        Message::Text(text) => text::masked(to.out, text, to.redactor),
        Message::Args(args) => match args.as_str() {
            Some(text) => text::masked(to.out, text, to.redactor),
            None => text::formatted(to.out, to.value, args, to.redactor),
        },
    }
}

fn field(to: &mut Target<'_>, field: &Field<'_>) {
    to.key(field);
    to.out.push(b':');
    match field.value {
        FieldValue::Str(text) if !to.redactor.is_active() => text::string(to.out, text),
        _ => to.json_value(field, true),
    }
}
