//! What a logger works out once, and again only when the rules or secrets that it was made by have changed.

use std::{
    ops::Deref,
    sync::{Arc, OnceLock},
};

use arc_swap::{ArcSwap, Guard};

/// A value that is nearly always the first one: most loggers live for one request, in which nothing changes.
#[derive(Debug, Default)]
pub(crate) struct Cached<T> {
    first: OnceLock<T>,
    later: OnceLock<Box<ArcSwap<T>>>,
}

/// A value that is in use.
pub(crate) enum Kept<'a, T> {
    First(&'a T),
    Later(Guard<Arc<T>>),
}

impl<T> Deref for Kept<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        match self {
            Self::First(value) => value,
            Self::Later(value) => value,
        }
    }
}

impl<T> Cached<T> {
    pub(crate) fn new() -> Self {
        Self { first: OnceLock::new(), later: OnceLock::new() }
    }

    /// The value if it is one of today's, else one that is made now. Callers that race may get values of their own.
    pub(crate) fn get(&self, is_fresh: impl Fn(&T) -> bool, make: impl FnOnce() -> T) -> Kept<'_, T> {
        if let Some(first) = self.first.get().filter(|first| is_fresh(first)) {
            return Kept::First(first);
        }
        if let Some(later) = self.later.get().map(|later| later.load()).filter(|later| is_fresh(later)) {
            return Kept::Later(later);
        }
        let made = make();
        match self.first.set(made) {
            Ok(()) => match self.first.get() {
                Some(first) => Kept::First(first),
                None => unreachable!("it was set"),
            },
            Err(made) => {
                let made = Arc::new(made);
                self.later.get_or_init(|| Box::new(ArcSwap::new(made.clone()))).store(made.clone());
                Kept::Later(Guard::from_inner(made))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_made_once_for_each_generation() {
        let cached = Cached::new();
        let at = |generation: u32| *cached.get(|value| *value == generation, || generation);
        assert_eq!([at(1), at(1), at(2), at(2), at(3), at(1)], [1, 1, 2, 2, 3, 1]);
        assert_eq!(*cached.get(|_| true, || unreachable!("there is one")), 1);
    }
}
