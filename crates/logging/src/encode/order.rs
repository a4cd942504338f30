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
    let most = view.called() + view.context.len() + 3;
    let unset = Place { key: Key { first: 0, text: "" }, field: 0 };
    let (mut inline, heap);
    let order = if most <= INLINE {
        let mut count = 0;
        inline = [unset; INLINE];
        places(view, format, |place| {
            insert(&mut inline[..=count], place);
            count += 1;
        });
        &inline[..count]
    } else {
        heap = many(view, format, most);
        &heap[..]
    };
    merge(view, fragments, order, each);
}

/// Gives the fields of the call and those that every line has, as they come.
fn places<'v>(view: &'v View<'_>, format: Format, mut add: impl FnMut(Place<'v>)) {
    let additions = format.has_additions();
    let mut add = |key, field| add(Place { key: Key::new(key), field });
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
    // Of a call with so many fields that an index would wrap, the context's are left out.
    if additions && view.called() + view.context.len() < TIMESTAMP.into() {
        view.context().for_each(|i| add(view.at(i).key, i as u16));
    }
}

/// Those of a call with many fields, in order. Who prints them may not choose how long that takes.
#[cold]
fn many<'v>(view: &'v View<'_>, format: Format, most: usize) -> Vec<Place<'v>> {
    let mut order = Vec::with_capacity(most);
    places(view, format, |place| order.push(place));
    // Stable: equal keys stay in the order in which they came.
    order.sort_by(|a, b| a.key.cmp(b.key));
    order
}

/// Puts the place where it belongs among a few others, which leave the last one free. Equal keys stay in the order in
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

#[cfg(test)]
mod tests {
    use greenroom_js::key;
    use proptest::prelude::*;

    use crate::{CaptureSink, Field, FieldValue, Format, Level, Record, RootLogger};

    /// The line of a call with these keys, each with its index for a value.
    fn line(keys: &[String]) -> String {
        let lines = CaptureSink::in_format(Format::Node155Json);
        let root = RootLogger::builder().sink(lines.clone()).build();
        let fields: Vec<_> =
            keys.iter().enumerate().map(|(i, key)| Field::new(key, FieldValue::U64(i as u64))).collect();
        root.foreign().log(&Record::new(Level::Info, format_args!("m")).with_fields(&fields));
        lines.take().concat()
    }

    /// The same, by the rule: the last of equal keys, sorted as JavaScript sorts them.
    fn expected(keys: &[String]) -> String {
        let own = [("level", "\"info\"".to_owned()), ("message", "\"m\"".to_owned())];
        let called = keys.iter().enumerate().map(|(i, key)| (key.as_str(), i.to_string()));
        let mut all: Vec<_> = own.into_iter().chain(called).collect();
        all.sort_by(|a, b| key::cmp(a.0, b.0));
        all.reverse();
        all.dedup_by(|earlier, last| earlier.0 == last.0);
        let members: Vec<_> = all.iter().rev().map(|(key, json)| format!("\"{key}\":{json}")).collect();
        format!("{{{}}}", members.join(","))
    }

    #[test]
    fn sixty_thousand_keys_in_falling_order_are_sorted() {
        let keys: Vec<_> = (0..60_000).rev().map(|n| format!("k{n:05}")).collect();
        let line = line(&keys);
        let members: Vec<_> = line.trim_matches(['{', '}']).split(',').collect();
        assert_eq!(members.len(), 60_002);
        assert_eq!(members[..2], ["\"k00000\":59999", "\"k00001\":59998"]);
        assert!(members.is_sorted());
    }

    proptest! {
        #[test]
        fn few_and_many_fields_have_one_order(keys in prop::collection::vec("[a-cé\u{ffff}\u{1f600}]{0,9}", 0..80)) {
            prop_assert_eq!(line(&keys), expected(&keys));
        }
    }
}
