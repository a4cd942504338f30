//! What events of a type tell besides.

use serde::Deserialize;

use super::value::{Bytes, Counted, Nanoseconds, Text, or_none};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Resource<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow)]
    pub(crate) url: Text<'a>,
    #[serde(borrow)]
    pub(crate) method: Text<'a>,
    pub(crate) status_code: Counted,
    pub(crate) duration: Nanoseconds,
    pub(crate) size: Bytes,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorPart<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow)]
    pub(crate) message: Text<'a>,
    #[serde(borrow)]
    pub(crate) source: Text<'a>,
    #[serde(borrow)]
    pub(crate) stack: Text<'a>,
    #[serde(borrow)]
    pub(crate) fingerprint: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Action<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow, deserialize_with = "or_none")]
    pub(crate) target: Target<'a>,
    pub(crate) loading_time: Nanoseconds,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Target<'a> {
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct LongTask<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow)]
    pub(crate) entry_type: Text<'a>,
    pub(crate) duration: Nanoseconds,
    #[serde(borrow, deserialize_with = "or_none")]
    pub(crate) scripts: Vec<Script<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Script<'a> {
    #[serde(borrow)]
    pub(crate) invoker: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Vital<'a> {
    #[serde(borrow)]
    pub(crate) id: Text<'a>,
    #[serde(borrow, rename = "type")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow)]
    pub(crate) name: Text<'a>,
    pub(crate) duration: Nanoseconds,
}
