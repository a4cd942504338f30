//! Node's production line: one object, its keys sorted.

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
    let (mut bytes, mut value) = (Vec::new(), String::new());
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
const INLINE: usize = 40;

pub(super) fn encode(to: &mut Target<'_>, view: &View<'_>, fragments: &Fragments, additions: bool) {
    let (mut inline, mut heap) = ([0u16; INLINE], Vec::new());
    let most = view.called() + view.context.len() + 3;
    let order = if most <= INLINE {
        &mut inline[..]
    } else {
        heap.resize(most, 0);
        &mut heap[..]
    };
    let mut count = 0;
    let mut add = |i: u16| {
        order[count] = i;
        count += 1;
    };
    add(LEVEL);
    add(MESSAGE);
    let mut stamped = !additions;
    for i in 0..view.called().min(TIMESTAMP.into()) {
        let field = view.at(i);
        if field.key == "level" || field.key == "message" || (!additions && field.is_added()) {
            continue;
        }
        stamped |= field.key == "timestamp";
        add(i as u16);
    }
    if additions {
        if !stamped && view.own.get("timestamp").is_none() {
            add(TIMESTAMP);
        }
        view.context().for_each(|i| add(i as u16));
    }
    let order = &mut order[..count];
    sort(order, view);
    merge(to, view, fragments, order);
}

fn key<'v>(view: &'v View<'_>, i: u16) -> &'v str {
    match i {
        LEVEL => "level",
        MESSAGE => "message",
        TIMESTAMP => "timestamp",
        i => view.at(i.into()).key,
    }
}

/// An insertion sort: few, and mostly in order. Equal keys stay in the order of the call.
fn sort(order: &mut [u16], view: &View<'_>) {
    for i in 1..order.len() {
        let mut j = i;
        while j > 0 && text::utf16_cmp(key(view, order[j - 1]), key(view, order[j])).is_gt() {
            order.swap(j - 1, j);
            j -= 1;
        }
    }
}

/// Writes the call's fields and the child's, both sorted, the call's in place of the child's.
fn merge(to: &mut Target<'_>, view: &View<'_>, fragments: &Fragments, order: &[u16]) {
    let mut separator = b'{';
    let mut parts = fragments.parts.iter().peekable();
    let copy = |to: &mut Target<'_>, part: &Part, separator: &mut u8| {
        to.out.push(std::mem::replace(separator, b','));
        to.out.extend_from_slice(&fragments.bytes[part.bytes.clone()]);
    };
    for (n, &i) in order.iter().enumerate() {
        let name = key(view, i);
        if order.get(n + 1).is_some_and(|&next| key(view, next) == name) {
            continue;
        }
        while let Some(part) = parts.next_if(|p| text::utf16_cmp(view.own.at(p.field).key, name).is_lt()) {
            copy(to, part, &mut separator);
        }
        parts.next_if(|part| view.own.at(part.field).key == name);
        if i < TIMESTAMP && is_undefined(view.at(i.into())) {
            continue;
        }
        to.out.push(std::mem::replace(&mut separator, b','));
        match i {
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
    parts.for_each(|part| copy(to, part, &mut separator));
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
