//! The order of lines that come again and again, kept so that it is worked out once.

use std::{
    ops::Range,
    sync::{
        OnceLock,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
};

use greenroom_js::json;

use super::{
    Fragments, View,
    order::{self, Step, TIMESTAMP},
};
use crate::{
    Format,
    field::{Field, Flags},
};

/// So many calls of a logger are written without a plan: loggers of a single request make few.
const FEW: u8 = 8;

/// The plans of one child: of the first calls that came twice running. Others are ordered each time.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    calls: AtomicU8,
    /// What the last call without a plan looked like.
    last: AtomicU64,
    slots: [OnceLock<Box<Plan>>; 4],
}

/// The order of the fields of calls with the same keys.
#[derive(Debug)]
pub(super) struct Plan {
    keys: Box<[Mark]>,
    /// How many of them are the call's.
    called: usize,
    steps: Box<[(Step, Range<usize>)]>,
    /// Keys as JSON, with their colons.
    bytes: Vec<u8>,
}

/// A key that stands in source code, by its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    address: usize,
    length: usize,
    flags: Flags,
}

impl Mark {
    fn of(field: &Field<'_>) -> Self {
        Self { address: field.key.as_ptr().addr(), length: field.key.len(), flags: field.flags }
    }
}

fn fields<'v>(view: &'v View<'_>) -> impl ExactSizeIterator<Item = &'v Field<'v>> {
    (0..view.called() + view.context.len()).map(|i| view.at(i))
}

/// A number that calls with other keys hardly share.
fn sketch(view: &View<'_>) -> u64 {
    fields(view).fold(view.called() as u64, |sketch, field| {
        let Mark { address, length, .. } = Mark::of(field);
        (sketch.rotate_left(5) ^ address as u64 ^ length as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15)
    })
}

impl Plans {
    pub(super) fn find(&self, view: &View<'_>) -> Option<&Plan> {
        let plans = self.slots.iter().map_while(|slot| slot.get());
        plans.map(Box::as_ref).find(|plan| plan.is_for(view))
    }

    /// Keeps the order of such a call if it came twice running, the logger has been called some times, and there is a
    /// place left.
    pub(super) fn learn(&self, view: &View<'_>, fragments: &Fragments, format: Format) {
        let calls = self.calls.load(Relaxed);
        if calls < FEW {
            // Not exact among threads, and need not be.
            self.calls.store(calls + 1, Relaxed);
            return;
        }
        let free = self.slots.iter().find(|slot| slot.get().is_none());
        // Another key may come to lie at the address of one that was made at run time; whether a caller's time stays
        // depends on its value.
        let plannable = |field: &Field<'_>| field.flags.has(Flags::LITERAL) && field.key != "timestamp";
        let Some(slot) = free.filter(|_| fields(view).all(plannable)) else {
            return;
        };
        let sketch = sketch(view);
        if self.last.swap(sketch, Relaxed) != sketch {
            return;
        }
        let _ = slot.set(Box::new(Plan::new(view, fragments, format)));
    }
}

impl Plan {
    fn new(view: &View<'_>, fragments: &Fragments, format: Format) -> Self {
        let (mut steps, mut bytes) = (Vec::new(), Vec::new());
        order::steps(view, fragments, format, |step| {
            let from = bytes.len();
            if let Step::Field(i @ ..TIMESTAMP) = step {
                json::string(&mut bytes, view.at(i.into()).key);
                bytes.push(b':');
            }
            steps.push((step, from..bytes.len()));
        });
        Self { keys: fields(view).map(Mark::of).collect(), called: view.called(), steps: steps.into(), bytes }
    }

    fn is_for(&self, view: &View<'_>) -> bool {
        let fields = fields(view);
        self.keys.len() == fields.len()
            && self.called == view.called()
            && self.keys.iter().zip(fields).all(|(key, field)| *key == Mark::of(field))
    }

    /// The fields in order, with their keys.
    pub(super) fn steps(&self) -> impl Iterator<Item = (Step, &[u8])> {
        self.steps.iter().map(|(step, key)| (*step, &self.bytes[key.clone()]))
    }
}
