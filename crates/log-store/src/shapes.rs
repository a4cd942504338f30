//! The keys of calls that come again and again: kept once, and not with each of their records.

use std::sync::OnceLock;

use greenroom_logging::{Field, Fields};

use crate::{
    encode::{is_left_out, is_origin},
    record::kind,
};

/// Records with more fields have their keys with them.
pub(crate) const MOST_FIELDS: usize = 32;

/// So many are kept, the first that come; none is ever forgotten, for records tell their keys by its number.
const MOST_SHAPES: usize = 255;

/// The shapes of one store.
pub(crate) struct Shapes(Box<[OnceLock<Shape>]>);

/// The fields of a logger and of a call to it: those that have the same keys, at the same addresses, have the same shape.
pub(crate) struct Shape {
    own: usize,
    marks: Box<[Mark]>,
    /// Whether the call says which plugin's it is.
    pub(crate) calls_plugin: bool,
}

/// A key that stands in source code: nothing else ever has its address.
pub(crate) struct Mark {
    address: usize,
    length: usize,
    is_trusted: bool,
    /// The flags of a kept field.
    pub(crate) flags: u8,
    /// Whether the field is left out.
    pub(crate) is_left_out: bool,
    pub(crate) key: Box<str>,
}

/// The flags of a field of a call.
pub(crate) fn flags_of(field: &Field<'_>) -> u8 {
    let literal = if field.is_literal() { kind::LITERAL } else { 0 };
    literal | if field.is_trusted() { kind::TRUSTED } else { 0 }
}

impl Mark {
    fn new(field: &Field<'_>, flags: u8) -> Self {
        let (key, is_trusted) = (field.key(), field.is_trusted());
        let (address, length) = (key.as_ptr().addr(), key.len());
        Self { address, length, is_trusted, flags, is_left_out: is_left_out(key), key: key.into() }
    }

    fn is_of(&self, key: &str) -> bool {
        self.address == key.as_ptr().addr() && self.length == key.len()
    }
}

impl Shapes {
    pub(crate) fn new() -> Self {
        Self((0..MOST_SHAPES).map(|_| OnceLock::new()).collect())
    }

    /// The shape with that number.
    pub(crate) fn get(&self, number: u8) -> Option<&Shape> {
        self.0.get(usize::from(number).checked_sub(1)?)?.get()
    }

    /// The shape of such a call, and its number, which is never 0; `None` if it has none, and gets none.
    pub(crate) fn find(&self, own: &Fields, call: &[Field<'_>]) -> Option<(u8, &Shape)> {
        let count = own.len() + call.len();
        let (first, last) = (call.first()?.key(), call.last()?.key());
        if count > MOST_FIELDS {
            return None;
        }
        let sketch = first.as_ptr().addr().rotate_left(7) ^ last.as_ptr().addr() ^ count << 20;
        let place = (sketch as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56;
        for place in [place as usize % MOST_SHAPES, (place as usize + 1) % MOST_SHAPES] {
            let slot = &self.0[place];
            if slot.get().is_none() {
                // Another call may be there first.
                slot.set(Shape::new(own, call)?).ok();
            }
            if let Some(shape) = slot.get().filter(|shape| shape.is_of(own, call)) {
                return Some((place as u8 + 1, shape));
            }
        }
        None
    }
}

impl Shape {
    fn new(own: &Fields, call: &[Field<'_>]) -> Option<Self> {
        if !own.iter().all(|field| field.is_literal()) || !call.iter().all(Field::is_literal) {
            return None;
        }
        let origin = |key: &str| if is_origin(key) { kind::TRUSTED } else { 0 };
        let of_own = own.iter().map(|field| Mark::new(&field, kind::LITERAL | origin(field.key())));
        let of_call = call.iter().map(|field| Mark::new(field, flags_of(field)));
        let calls_plugin = call.iter().any(|field| field.key() == "plugin");
        Some(Self { own: own.len(), marks: of_own.chain(of_call).collect(), calls_plugin })
    }

    fn is_of(&self, own: &Fields, call: &[Field<'_>]) -> bool {
        let (of_own, of_call) = self.marks();
        of_own.len() == own.len()
            && of_call.len() == call.len()
            && of_call
                .iter()
                .zip(call)
                .all(|(mark, f)| mark.is_of(f.key()) && mark.is_trusted == f.is_trusted())
            && of_own.iter().zip(own.keys()).all(|(mark, key)| mark.is_of(key))
    }

    /// The logger's fields, and the call's.
    pub(crate) fn marks(&self) -> (&[Mark], &[Mark]) {
        self.marks.split_at(self.own)
    }

    /// What of each kept field its record does not hold, in order.
    pub(crate) fn kept(&self) -> impl Iterator<Item = &Mark> {
        self.marks.iter().filter(|mark| !mark.is_left_out)
    }
}
