//! Which fields a line of JSON has, in which order: the call's and the child's, as JavaScript sorts keys.

use std::cmp::Ordering;

use greenroom_js::key;

use super::{Fragments, View};
use crate::Format;

/// Fields that every line has, numbered beyond those of the call.
pub(super) const LEVEL: u16 = u16::MAX;
pub(super) const MESSAGE: u16 = u16::MAX - 1;
pub(super) const TIMESTAMP: u16 = u16::MAX - 2;

/// Calls with more fields than this take their order from the heap.
const INLINE: usize = 32;

/// A field of the line.
#[derive(Clone, Copy, Debug)]
pub(super) enum Step {
    /// A field of the child, by its part's index.
    Part(usize),
    /// A field of the call by its index, or one that every line has.
    Field(u16),
}

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
            _ => key::cmp(self.text, other.text),
        }
    }
}

/// A field that the call brings, or that every line has.
#[derive(Clone, Copy)]
struct Place<'k> {
    key: Key<'k>,
    field: u16,
}

/// Gives the fields in order, each key once: the call's last one, in place of the child's. A time that the caller or
/// the child has set stays if JavaScript takes it for true.
pub(super) fn steps(view: &View<'_>, fragments: &Fragments, format: Format, each: impl FnMut(Step)) {
    let additions = format.has_additions();
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
    for i in 0..view.called().min(TIMESTAMP.into()) {
        let field = view.at(i);
        if field.key == "level" || field.key == "message" || (!additions && field.is_added()) {
            continue;
        }
        add(field.key, i as u16);
    }
    // After the caller's, which it replaces.
    if format.has_timestamp() && view.own_time(additions).is_none() {
        add("timestamp", TIMESTAMP);
    }
    if additions {
        view.context().for_each(|i| add(view.at(i).key, i as u16));
    }
    merge(view, fragments, &order[..count], each);
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

fn merge(view: &View<'_>, fragments: &Fragments, order: &[Place<'_>], mut each: impl FnMut(Step)) {
    let keys = fragments.parts.iter().map(|part| Key::new(view.own.at(part.field).key));
    let mut parts = keys.enumerate().peekable();
    for (n, place) in order.iter().enumerate() {
        if order.get(n + 1).is_some_and(|next| next.key.is(place.key)) {
            continue;
        }
        while let Some((part, _)) = parts.next_if(|(_, key)| key.cmp(place.key).is_lt()) {
            each(Step::Part(part));
        }
        parts.next_if(|(_, key)| key.is(place.key));
        each(Step::Field(place.field));
    }
    parts.for_each(|(part, _)| each(Step::Part(part)));
}
