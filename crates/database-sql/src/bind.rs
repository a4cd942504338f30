//! What is bound to a statement.

use std::sync::Arc;

/// One value. What is missing has a type, too: PostgreSQL asks for it.
#[derive(Clone, Debug, PartialEq)]
pub enum Bind {
    /// `bigint`; `bool` is 0 or 1.
    Int(Option<i64>),
    /// `double precision`.
    Real(Option<f64>),
    /// `text`.
    Text(Option<Arc<str>>),
    /// `bytea`, `blob`.
    Bytes(Option<Vec<u8>>),
}

impl From<i64> for Bind {
    fn from(value: i64) -> Self {
        Self::Int(Some(value))
    }
}

impl From<Option<i64>> for Bind {
    fn from(value: Option<i64>) -> Self {
        Self::Int(value)
    }
}

impl From<bool> for Bind {
    fn from(value: bool) -> Self {
        Self::Int(Some(value.into()))
    }
}

impl From<Option<f64>> for Bind {
    fn from(value: Option<f64>) -> Self {
        Self::Real(value)
    }
}

impl From<f64> for Bind {
    fn from(value: f64) -> Self {
        Self::Real(Some(value))
    }
}

impl From<Arc<str>> for Bind {
    fn from(text: Arc<str>) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<Arc<str>>> for Bind {
    fn from(text: Option<Arc<str>>) -> Self {
        Self::Text(text)
    }
}

impl From<&str> for Bind {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl From<String> for Bind {
    fn from(text: String) -> Self {
        Self::Text(Some(text.into()))
    }
}

impl From<Option<String>> for Bind {
    fn from(text: Option<String>) -> Self {
        Self::Text(text.map(Into::into))
    }
}

impl From<Vec<u8>> for Bind {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(Some(bytes))
    }
}

impl From<Option<Vec<u8>>> for Bind {
    fn from(bytes: Option<Vec<u8>>) -> Self {
        Self::Bytes(bytes)
    }
}

/// A query of sqlx's with values: the kinds of queries and engines differ by type alone.
macro_rules! bound {
    ($query:expr, $binds:expr) => {
        $binds.into_iter().fold($query, |query, bind| match bind {
            $crate::Bind::Int(value) => query.bind(value),
            $crate::Bind::Real(value) => query.bind(value),
            $crate::Bind::Text(value) => query.bind(value),
            $crate::Bind::Bytes(value) => query.bind(value),
        })
    };
}
pub(crate) use bound;
