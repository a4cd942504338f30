//! The values of fields, typed until a format encodes them.

use std::{borrow::Cow, error::Error as StdError, fmt, sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::Value;

/// One value of a log line, borrowed from whoever logs.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum FieldValue<'a> {
    /// JavaScript's `undefined`, which `None` becomes: JSON lines leave the field out.
    Undefined,
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number. JSON lines hold all its digits, also beyond 2^53.
    I64(i64),
    /// A whole number, not negative.
    U64(u64),
    /// A number, printed as JavaScript prints it; NaN and infinities are `null`.
    F64(f64),
    /// Text.
    Str(&'a str),
    /// Any JSON.
    Json(&'a Value),
    /// Any JSON, as text that is known to be JSON: lines hold it as it is, with all digits of its numbers.
    JsonText(&'a str),
    /// An error: an object with `name`, `message`, `stack`, its properties and its cause.
    Error(&'a (dyn StdError + 'static)),
    /// Any JSON, made only if the line is kept.
    Serialize(&'a dyn AsJson),
    /// Text that is only made if the line is kept.
    Display(&'a dyn fmt::Display),
    /// The `Debug` form, as text, made only if the line is kept.
    Debug(&'a dyn fmt::Debug),
}

impl fmt::Debug for FieldValue<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undefined => f.write_str("undefined"),
            Self::Null => f.write_str("null"),
            Self::Bool(v) => fmt::Debug::fmt(v, f),
            Self::I64(v) => fmt::Debug::fmt(v, f),
            Self::U64(v) => fmt::Debug::fmt(v, f),
            Self::F64(v) => fmt::Debug::fmt(v, f),
            Self::Str(v) => fmt::Debug::fmt(v, f),
            Self::Json(v) => fmt::Display::fmt(v, f),
            Self::JsonText(v) => f.write_str(v),
            Self::Serialize(v) => fmt::Display::fmt(&v.as_json(), f),
            Self::Error(v) => fmt::Display::fmt(v, f),
            Self::Display(v) => fmt::Display::fmt(v, f),
            Self::Debug(v) => fmt::Debug::fmt(v, f),
        }
    }
}

impl<'a> FieldValue<'a> {
    /// JavaScript's truthiness.
    pub(crate) fn truthy(&self) -> bool {
        match self {
            Self::Undefined | Self::Null | Self::Bool(false) => false,
            Self::I64(n) => *n != 0,
            Self::U64(n) => *n != 0,
            Self::F64(n) => *n != 0.0 && !n.is_nan(),
            Self::Str(s) => !s.is_empty(),
            Self::Json(value) => Self::of_json(value).is_none_or(|v| v.truthy()),
            Self::JsonText(text) => FieldValue::Json(&read(text)).truthy(),
            Self::Serialize(value) => FieldValue::Json(&value.as_json()).truthy(),
            Self::Bool(true) | Self::Error(_) | Self::Display(_) | Self::Debug(_) => true,
        }
    }

    /// A JSON scalar as the scalar it is; `None` for arrays and objects.
    pub(crate) fn of_json(value: &'a Value) -> Option<Self> {
        Some(match value {
            Value::Null => Self::Null,
            Value::Bool(b) => Self::Bool(*b),
            Value::Number(n) => match (n.as_u64(), n.as_i64()) {
                (Some(n), _) => Self::U64(n),
                (_, Some(n)) => Self::I64(n),
                _ => Self::F64(n.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(s) => Self::Str(s),
            Value::Array(_) | Value::Object(_) => return None,
        })
    }

    /// The value as JSON, made now; `undefined` is `null` there, as is what is no number.
    pub fn to_json(&self) -> Value {
        match OwnedValue::from(*self) {
            OwnedValue::Undefined | OwnedValue::Null => Value::Null,
            OwnedValue::Bool(v) => v.into(),
            OwnedValue::I64(v) => v.into(),
            OwnedValue::U64(v) => v.into(),
            OwnedValue::F64(v) => v.into(),
            OwnedValue::Str(v) => Value::String((*v).into()),
            OwnedValue::Json(v) => v,
        }
    }

    /// Appends the value as text, as a JavaScript template string would; objects as JSON.
    pub(crate) fn push_text(&self, out: &mut String) {
        use fmt::Write;
        let _ = match self {
            Self::Undefined => out.write_str("undefined"),
            Self::Null => out.write_str("null"),
            Self::Bool(v) => write!(out, "{v}"),
            Self::I64(v) => write!(out, "{v}"),
            Self::U64(v) => write!(out, "{v}"),
            Self::F64(v) => out.write_str(greenroom_js::number::Buffer::default().format(*v)),
            Self::Str(v) => out.write_str(v),
            Self::Json(v) => match Self::of_json(v) {
                Some(scalar) => return scalar.push_text(out),
                None => write!(out, "{v}"),
            },
            Self::JsonText(v) => return FieldValue::Json(&read(v)).push_text(out),
            Self::Serialize(v) => return FieldValue::Json(&v.as_json()).push_text(out),
            Self::Error(v) => {
                let seen = greenroom_errors::describe(*v);
                write!(out, "{}: {}", seen.name, seen.message)
            }
            Self::Display(v) => write!(out, "{v}"),
            Self::Debug(v) => write!(out, "{v:?}"),
        };
    }
}

/// A value that outlives the call: what a child logger keeps.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum OwnedValue {
    Undefined,
    Null,
    Bool(bool),
    I64(i64),
    U64(u64),
    F64(f64),
    /// Shared: each child of a logger has its fields, too.
    Str(Arc<str>),
    Json(Value),
}

impl OwnedValue {
    pub(crate) fn view(&self) -> FieldValue<'_> {
        match self {
            Self::Undefined => FieldValue::Undefined,
            Self::Null => FieldValue::Null,
            Self::Bool(v) => FieldValue::Bool(*v),
            Self::I64(v) => FieldValue::I64(*v),
            Self::U64(v) => FieldValue::U64(*v),
            Self::F64(v) => FieldValue::F64(*v),
            Self::Str(v) => FieldValue::Str(v),
            Self::Json(v) => FieldValue::Json(v),
        }
    }
}

impl From<FieldValue<'_>> for OwnedValue {
    fn from(value: FieldValue<'_>) -> Self {
        match value {
            FieldValue::Undefined => Self::Undefined,
            FieldValue::Null => Self::Null,
            FieldValue::Bool(v) => Self::Bool(v),
            FieldValue::I64(v) => Self::I64(v),
            FieldValue::U64(v) => Self::U64(v),
            FieldValue::F64(v) => Self::F64(v),
            FieldValue::Str(v) => Self::Str(v.into()),
            FieldValue::Json(v) => Self::Json(v.clone()),
            FieldValue::JsonText(v) => Self::Json(read(v)),
            FieldValue::Serialize(v) => Self::Json(v.as_json()),
            FieldValue::Error(v) => Self::Json(crate::error::to_value(v)),
            FieldValue::Display(v) => Self::Str(v.to_string().into()),
            FieldValue::Debug(v) => Self::Str(format!("{v:?}").into()),
        }
    }
}

/// JSON read; what is none after all is a text.
pub(crate) fn read(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|_| Value::String(json.to_owned()))
}

/// Whatever can be made JSON.
#[doc(hidden)]
pub trait AsJson {
    fn as_json(&self) -> Value;
}

impl<T: Serialize> AsJson for T {
    /// What JSON cannot hold, as a map whose keys are no text, is told in its place.
    fn as_json(&self) -> Value {
        serde_json::to_value(self).unwrap_or_else(|error| Value::String(format!("[not JSON: {error}]")))
    }
}

/// Types that are a field's value as they are. Macros take besides these any error, any `Display`, any `Serialize`.
pub trait ToField {
    /// The value, borrowed.
    fn to_field(&self) -> FieldValue<'_>;
}

macro_rules! to_field {
    ($($ty:ty => |$v:ident| $value:expr),* $(,)?) => {$(
        impl ToField for $ty {
            fn to_field(&self) -> FieldValue<'_> { let $v = self; $value }
        }
    )*};
}

to_field! {
    bool => |v| FieldValue::Bool(*v),
    i8 => |v| FieldValue::I64((*v).into()),
    i16 => |v| FieldValue::I64((*v).into()),
    i32 => |v| FieldValue::I64((*v).into()),
    i64 => |v| FieldValue::I64(*v),
    isize => |v| FieldValue::I64(*v as i64),
    u8 => |v| FieldValue::U64((*v).into()),
    u16 => |v| FieldValue::U64((*v).into()),
    u32 => |v| FieldValue::U64((*v).into()),
    u64 => |v| FieldValue::U64(*v),
    usize => |v| FieldValue::U64(*v as u64),
    f32 => |v| FieldValue::F64((*v).into()),
    f64 => |v| FieldValue::F64(*v),
    str => |v| FieldValue::Str(v),
    String => |v| FieldValue::Str(v),
    Box<str> => |v| FieldValue::Str(v),
    Arc<str> => |v| FieldValue::Str(v),
    Cow<'_, str> => |v| FieldValue::Str(v),
    Value => |v| FieldValue::Json(v),
    Duration => |v| FieldValue::F64(v.as_nanos() as f64 / 1e6),
    crate::Level => |v| FieldValue::Str(v.as_str()),
    dyn StdError => |v| FieldValue::Error(v),
    dyn StdError + Send + Sync => |v| FieldValue::Error(v),
    Box<dyn StdError> => |v| FieldValue::Error(&**v),
    Box<dyn StdError + Send + Sync> => |v| FieldValue::Error(&**v),
    FieldValue<'_> => |v| *v,
}

impl<T: ToField + ?Sized> ToField for &T {
    fn to_field(&self) -> FieldValue<'_> {
        (**self).to_field()
    }
}

impl<T: ToField> ToField for Option<T> {
    fn to_field(&self) -> FieldValue<'_> {
        self.as_ref().map_or(FieldValue::Undefined, ToField::to_field)
    }
}
