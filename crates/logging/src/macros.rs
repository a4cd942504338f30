//! `error!`, `warn!`, `info!`, `debug!` and `fields!`, and what they expand to.

use std::{error::Error as StdError, fmt};

use serde::Serialize;

use crate::value::{FieldValue, ToField};

/// Logs that something failed.
///
/// ```
/// use greenroom_logging::{CaptureSink, Logger, RootLogger, error};
///
/// fn report(log: &Logger, id: u32, err: &std::io::Error) {
///     error!(log, attempt = 3, error = err, "Task {id} failed");  // the error as one field
///     error!(log, ..err, "Task {id} failed");                     // the error spread over the line
/// }
///
/// let lines = CaptureSink::new();
/// let root = RootLogger::builder().sink(lines.clone()).build();
/// report(&root, 7, &std::io::Error::other("disk full"));
/// let lines = lines.json();
/// assert_eq!(lines[0]["error"]["message"], "disk full");
/// assert_eq!(lines[1]["message"], "Task 7 failed disk full");
/// ```
///
/// Before the message come fields, in any number:
///
/// * `key = value`, where a value is text, a number, a truth value, a `Duration` (in milliseconds), an `Option` of these,
///   any error, anything with `Display`, or else anything with `serde::Serialize`; `key` alone takes the variable of that name; `"any text" = value` allows other keys;
/// * `key = ?value` takes the `Debug` form;
/// * `+key = value` marks an addition of Greenroom's that the `node` format leaves out;
/// * `..&error` spreads an error: its message is appended to the line's; its name, properties, cause and stack become
///   fields.
///
/// Nothing is formatted unless the line is kept.
#[macro_export]
macro_rules! error {
    ($log:expr, $($rest:tt)+) => { $crate::__log!($crate::Level::Error, $log, $($rest)+) };
    ($($rest:tt)*) => { $crate::__no_logger!(error $($rest)*) };
}

/// Logs that something is wrong; see [`error!`].
#[macro_export]
macro_rules! warn {
    ($log:expr, $($rest:tt)+) => { $crate::__log!($crate::Level::Warn, $log, $($rest)+) };
    ($($rest:tt)*) => { $crate::__no_logger!(warn $($rest)*) };
}

/// Logs what an operator wants to know; see [`error!`].
#[macro_export]
macro_rules! info {
    ($log:expr, $($rest:tt)+) => { $crate::__log!($crate::Level::Info, $log, $($rest)+) };
    ($($rest:tt)*) => { $crate::__no_logger!(info $($rest)*) };
}

/// Logs what an engineer wants to know; see [`error!`].
#[macro_export]
macro_rules! debug {
    ($log:expr, $($rest:tt)+) => { $crate::__log!($crate::Level::Debug, $log, $($rest)+) };
    ($($rest:tt)*) => { $crate::__no_logger!(debug $($rest)*) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __no_logger {
    ($name:ident $($rest:tt)*) => {
        ::std::compile_error!(::std::concat!(
            "the logger comes first, then fields, then the message: ",
            ::std::stringify!($name),
            "!(logger, id = 7, \"…\")"
        ))
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log {
    ($level:expr, $log:expr, $($rest:tt)+) => { $crate::__fields!(log ($level, $log) [] [] [] plain $($rest)+) };
}

/// Fields for a child logger: `fields! { task: id, kind: "shell", "other-key": true, +hook: name, state: ?state }`, with
/// the values that [`error!`] takes.
#[macro_export]
macro_rules! fields {
    ($($rest:tt)*) => {{
        #[allow(unused_mut, reason = "there may be no fields")]
        let mut fields = $crate::Fields::new();
        #[allow(unused_imports, reason = "which are used depends on the fields")]
        use $crate::__private::{
            ViaDisplay as _, ViaError as _, ViaErrorRef as _, ViaField as _, ViaSerialize as _,
        };
        $crate::__set!(fields; $($rest)*);
        fields
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __set {
    ($f:ident;) => {};
    ($f:ident; + $key:ident : $value:expr $(, $($rest:tt)*)?) => {
        $f.insert_literal(stringify!($key), $crate::__value!($value), true);
        $crate::__set!($f; $($($rest)*)?);
    };
    ($f:ident; $key:ident : ? $value:expr $(, $($rest:tt)*)?) => {
        $f.insert_literal(stringify!($key), $crate::FieldValue::Debug(&$value), false);
        $crate::__set!($f; $($($rest)*)?);
    };
    ($f:ident; $key:ident : $value:expr $(, $($rest:tt)*)?) => {
        $f.insert_literal(stringify!($key), $crate::__value!($value), false);
        $crate::__set!($f; $($($rest)*)?);
    };
    ($f:ident; $key:literal : $value:expr $(, $($rest:tt)*)?) => {
        $f.insert_literal($key, $crate::__value!($value), false);
        $crate::__set!($f; $($($rest)*)?);
    };
}

// Collects `[keys] [fields] [error]` and then logs.
#[doc(hidden)]
#[macro_export]
macro_rules! __fields {
    (log $to:tt [$($k:expr,)*] [$($f:expr,)*] [] plain .. $error:expr, $($rest:tt)+) => {
        $crate::__fields!(log $to [$($k,)*] [$($f,)*] [$error] plain $($rest)+)
    };
    (log $to:tt [$($k:expr,)*] [$($f:expr,)*] $e:tt plain + $($rest:tt)+) => {
        $crate::__fields!(log $to [$($k,)*] [$($f,)*] $e added $($rest)+)
    };
    (log $to:tt [$($k:expr,)*] [$($f:expr,)*] $e:tt $m:ident $key:ident = ? $value:expr, $($rest:tt)+) => {
        $crate::__fields!(log $to [$($k,)* stringify!($key),]
            [$($f,)* $crate::__field!($m stringify!($key), $crate::FieldValue::Debug(&$value)),] $e plain $($rest)+)
    };
    (log $to:tt [$($k:expr,)*] [$($f:expr,)*] $e:tt $m:ident $key:ident = $value:expr, $($rest:tt)+) => {
        $crate::__fields!(log $to [$($k,)* stringify!($key),]
            [$($f,)* $crate::__field!($m stringify!($key), $crate::__value!($value)),] $e plain $($rest)+)
    };
    (log $to:tt [$($k:expr,)*] [$($f:expr,)*] $e:tt $m:ident $key:ident, $($rest:tt)+) => {
        $crate::__fields!(log $to [$($k,)* stringify!($key),]
            [$($f,)* $crate::__field!($m stringify!($key), $crate::__value!($key)),] $e plain $($rest)+)
    };
    (log $to:tt [$($k:expr,)*] [$($f:expr,)*] $e:tt $m:ident $key:literal = ? $value:expr, $($rest:tt)+) => {
        $crate::__fields!(log $to [$($k,)* $key,]
            [$($f,)* $crate::__field!($m $key, $crate::FieldValue::Debug(&$value)),] $e plain $($rest)+)
    };
    (log $to:tt [$($k:expr,)*] [$($f:expr,)*] $e:tt $m:ident $key:literal = $value:expr, $($rest:tt)+) => {
        $crate::__fields!(log $to [$($k,)* $key,]
            [$($f,)* $crate::__field!($m $key, $crate::__value!($value)),] $e plain $($rest)+)
    };
    // It would be a named argument of the message; of one that is not used there, rustc says to write `{}` into the message.
    (log $to:tt $k:tt $f:tt $e:tt plain $message:literal, $key:ident = $($rest:tt)+) => {
        ::std::compile_error!(::std::concat!(
            "a field stands before the message: `",
            ::std::stringify!($key),
            " = …, ",
            ::std::stringify!($message),
            "`; to put a value into the message, write `{",
            ::std::stringify!($key),
            "}` for a variable `",
            ::std::stringify!($key),
            "`, or `{}` and the value after the message"
        ))
    };
    (log ($level:expr, $log:expr) [$($k:expr,)*] [$($f:expr,)*] [$($error:expr)?] plain $($message:tt)+) => {
        match &$log {
            log => if log.enabled($level, &[$($k),*]) {
                #[allow(unused_imports, reason = "which are used depends on the fields")]
                use $crate::__private::{
                    AsError as _, AsErrorRef as _, ViaDisplay as _, ViaError as _, ViaErrorRef as _, ViaField as _,
                    ViaSerialize as _,
                };
                log.log(
                    &$crate::Record::new($level, ::std::format_args!($($message)+))
                        .with_fields(&[$($f),*])
                        $(.with_error((&&$crate::__private::Wrap(&$error)).error()))?
                );
            }
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __value {
    ($value:expr) => {
        (&&&&&&$crate::__private::Wrap(&$value)).field()
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __field {
    (plain $key:expr, $value:expr) => {
        $crate::Field::literal($key, $value)
    };
    (added $key:expr, $value:expr) => {
        $crate::Field::literal($key, $value).added()
    };
}

/// Chooses how a value becomes a field: as it is, as an error, as text, as JSON. The trait that needs the most references
/// wins, so that the order is this file's.
#[doc(hidden)]
pub struct Wrap<'a, T: ?Sized>(pub &'a T);

#[doc(hidden)]
pub trait ViaField<'a> {
    fn field(&self) -> FieldValue<'a>;
}

impl<'a, T: ToField + ?Sized> ViaField<'a> for &&&&&Wrap<'a, T> {
    fn field(&self) -> FieldValue<'a> {
        self.0.to_field()
    }
}

#[doc(hidden)]
pub trait ViaErrorRef<'a> {
    fn field(&self) -> FieldValue<'a>;
}

impl<'a, T: StdError + 'static> ViaErrorRef<'a> for &&&&Wrap<'a, &T> {
    fn field(&self) -> FieldValue<'a> {
        FieldValue::Error(*self.0)
    }
}

#[doc(hidden)]
pub trait ViaError<'a> {
    fn field(&self) -> FieldValue<'a>;
}

impl<'a, T: StdError + 'static> ViaError<'a> for &&&Wrap<'a, T> {
    fn field(&self) -> FieldValue<'a> {
        FieldValue::Error(self.0)
    }
}

#[doc(hidden)]
pub trait ViaDisplay<'a> {
    fn field(&self) -> FieldValue<'a>;
}

impl<'a, T: fmt::Display> ViaDisplay<'a> for &&Wrap<'a, T> {
    fn field(&self) -> FieldValue<'a> {
        FieldValue::Display(self.0)
    }
}

#[doc(hidden)]
pub trait ViaSerialize<'a> {
    fn field(&self) -> FieldValue<'a>;
}

impl<'a, T: Serialize> ViaSerialize<'a> for &Wrap<'a, T> {
    fn field(&self) -> FieldValue<'a> {
        FieldValue::Serialize(self.0)
    }
}

/// What is asked for once nothing else fits, so that the compiler names it: nothing implements it.
#[doc(hidden)]
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a log line",
    label = "this value",
    note = "a field is text, a number, a truth value, a `Duration`, an error, or anything with `Display` or `serde::Serialize`",
    note = "derive `serde::Serialize` for it, or write `?` before it for its `Debug` form: `key = ?value`, `fields! {{ key: ?value }}`"
)]
pub trait LogValue {
    fn to_value(&self) -> FieldValue<'_>;
}

impl<'a, T: ?Sized> Wrap<'a, T> {
    /// The last resort.
    #[doc(hidden)]
    pub fn field(&self) -> FieldValue<'a>
    where
        T: LogValue,
    {
        self.0.to_value()
    }
}

#[doc(hidden)]
pub trait AsError<'a> {
    fn error(&self) -> &'a (dyn StdError + 'static);
}

impl<'a, T: StdError + 'static> AsError<'a> for &Wrap<'a, &T> {
    fn error(&self) -> &'a (dyn StdError + 'static) {
        *self.0
    }
}

#[doc(hidden)]
pub trait AsErrorRef<'a> {
    fn error(&self) -> &'a (dyn StdError + 'static);
}

impl<'a, T: BoxedError + ?Sized> AsErrorRef<'a> for Wrap<'a, &T> {
    fn error(&self) -> &'a (dyn StdError + 'static) {
        self.0.unboxed()
    }
}

/// Errors that are not `Error` themselves because they are boxed or unsized.
#[doc(hidden)]
pub trait BoxedError {
    fn unboxed(&self) -> &(dyn StdError + 'static);
}

impl BoxedError for Box<dyn StdError + Send + Sync> {
    fn unboxed(&self) -> &(dyn StdError + 'static) {
        &**self
    }
}

impl BoxedError for Box<dyn StdError> {
    fn unboxed(&self) -> &(dyn StdError + 'static) {
        &**self
    }
}

impl BoxedError for dyn StdError + Send + Sync {
    fn unboxed(&self) -> &(dyn StdError + 'static) {
        self
    }
}

impl BoxedError for dyn StdError {
    fn unboxed(&self) -> &(dyn StdError + 'static) {
        self
    }
}
