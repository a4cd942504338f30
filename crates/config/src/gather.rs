//! Several readings at once: the error is of all that is wrong, and not of the first alone.

use crate::error::Result;

/// All of a tuple of readings, or all that is wrong with them.
///
/// ```
/// use greenroom_config::{RootConfig, all};
///
/// let config = RootConfig::from_yaml("{workers: 2, timeout: 5s}").unwrap();
/// let (workers, timeout) = all((config.number("workers"), config.duration("timeout"))).unwrap();
/// assert_eq!((workers, timeout.as_secs()), (2.0, 5));
/// ```
///
/// # Errors
/// The first of them, with [the others](crate::ConfigError::each).
pub fn all<T: Together>(readings: T) -> Result<T::Values> {
    readings.together()
}

/// All of a list of readings, or all that is wrong with them.
///
/// ```
/// use greenroom_config::{RootConfig, each};
///
/// let config = RootConfig::from_yaml("{a: 1, b: x, c: y}").unwrap();
/// let error = each(["a", "b", "c"].map(|key| config.number(key))).unwrap_err();
/// assert_eq!(error.each().map(|one| one.key().unwrap().to_owned()).collect::<Vec<_>>(), ["b", "c"]);
/// ```
///
/// # Errors
/// The first of them, with [the others](crate::ConfigError::each).
pub fn each<T>(readings: impl IntoIterator<Item = Result<T>>) -> Result<Vec<T>> {
    let mut values = Ok(vec![]);
    for reading in readings {
        values = both(values, reading).map(|(mut values, value)| {
            values.push(value);
            values
        });
    }
    values
}

/// A tuple of up to twelve readings, for [`all`].
pub trait Together {
    /// What they read.
    type Values;

    /// All of them, or all that is wrong.
    fn together(self) -> Result<Self::Values>;
}

fn both<A, B>(first: Result<A>, second: Result<B>) -> Result<(A, B)> {
    match (first, second) {
        (Ok(first), Ok(second)) => Ok((first, second)),
        (Err(first), Err(second)) => Err(first.and(second)),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
    }
}

macro_rules! nested {
    ($inner:tt) => { $inner };
    ($inner:tt $next:ident $($rest:ident)*) => { nested!(($inner, $next) $($rest)*) };
}

macro_rules! tuples {
    ($($value:ident $reading:ident),+) => {
        impl<$($value),+> Together for ($(Result<$value>,)+) {
            type Values = ($($value,)+);

            fn together(self) -> Result<Self::Values> {
                let ($($reading,)+) = self;
                let values = Ok(());
                $(let values = both(values, $reading);)+
                values.map(|nested!(() $($reading)+)| ($($reading,)+))
            }
        }
    };
}

tuples!(A a, B b);
tuples!(A a, B b, C c);
tuples!(A a, B b, C c, D d);
tuples!(A a, B b, C c, D d, E e);
tuples!(A a, B b, C c, D d, E e, F f);
tuples!(A a, B b, C c, D d, E e, F f, G g);
tuples!(A a, B b, C c, D d, E e, F f, G g, H h);
tuples!(A a, B b, C c, D d, E e, F f, G g, H h, I i);
tuples!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j);
tuples!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k);
tuples!(A a, B b, C c, D d, E e, F f, G g, H h, I i, J j, K k, L l);
