//! All that is kept of a view: as it was told last, and updates that have come since.
//!
//! They come in any order, and again. So what is kept is what all orders have in common: the whole view of the highest version, and
//! each update above it by its version. The view as it is now follows from those.

use std::{collections::BTreeMap, io};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::merge::apply;
use crate::detail;

/// How many updates there are between two whole views at most: an SDK sends a hundred.
const MOST_UPDATES: usize = 200;
/// How many bytes of them are kept.
const LARGEST: usize = 256 << 10;

/// A view and its updates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    /// `None` as long as only updates have come.
    base: Option<Value>,
    base_version: i64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    updates: BTreeMap<i64, Value>,
}

impl Document {
    pub(super) fn whole(version: i64, view: Value) -> Self {
        Self { base: Some(view), base_version: version, updates: BTreeMap::new() }
    }

    pub(super) fn update(version: i64, update: Value) -> Self {
        Self { updates: BTreeMap::from([(version, update)]), ..Self::default() }
    }

    /// What both know.
    pub(crate) fn join(&mut self, other: Self) {
        if other.base.is_some() && (self.base.is_none() || other.base_version > self.base_version) {
            (self.base, self.base_version) = (other.base, other.base_version);
        }
        for (version, update) in other.updates {
            self.updates.entry(version).or_insert(update);
        }
        let from = if self.base.is_some() { self.base_version } else { i64::MIN };
        self.updates.retain(|version, _| *version > from);
        self.bound();
    }

    /// Too many are no view's that an SDK tells of: the oldest become a part of it, and what comes late of them is lost.
    fn bound(&mut self) {
        let size = |updates: &BTreeMap<i64, Value>| updates.values().map(weight).sum::<usize>();
        while self.updates.len() > MOST_UPDATES || (self.updates.len() > 1 && size(&self.updates) > LARGEST) {
            let Some((version, update)) = self.updates.pop_first() else { return };
            if let Some(base) = &mut self.base {
                apply(base, &update);
                self.base_version = version;
            }
        }
    }

    pub(crate) fn version(&self) -> i64 {
        self.updates.last_key_value().map_or(self.base_version, |(version, _)| *version)
    }

    pub(crate) fn is_partial(&self) -> bool {
        self.base.is_none()
    }

    pub(crate) fn updates(&self) -> usize {
        self.updates.len()
    }

    /// The view as it is now.
    pub(crate) fn view(&self) -> Value {
        let mut view = self.base.clone().unwrap_or_else(|| Value::Object(Map::new()));
        self.updates.values().for_each(|update| apply(&mut view, update));
        if let Value::Object(members) = &mut view {
            members.insert("type".to_owned(), "view".into());
        }
        view
    }

    pub(crate) fn pack(&self) -> Vec<u8> {
        // Values with names that are texts are always JSON.
        detail::pack(&serde_json::to_string(self).unwrap_or_default())
    }

    /// One that is nothing but a whole view, as it was written.
    pub(super) fn pack_whole(version: i64, text: &str) -> Vec<u8> {
        detail::pack(&format!("{{\"base\":{text},\"base_version\":{version}}}"))
    }

    pub(crate) fn unpack(packed: &[u8]) -> io::Result<Self> {
        Ok(serde_json::from_str(&detail::unpack(packed)?)?)
    }
}

/// About how many bytes it is as a text.
fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(weight).sum::<usize>() + 2,
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.len() + 4 + weight(value)).sum::<usize>() + 2
        }
        _ => 6,
    }
}

/// The view of a `document`, with its updates applied.
///
/// # Errors
/// If it is none.
pub fn view_of(document: &[u8]) -> io::Result<Value> {
    Ok(Document::unpack(document)?.view())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// A view with all that was told of it up to a version; whole ones are those that can be divided by four.
    fn told(version: i64) -> Document {
        match version % 4 {
            0 => {
                let seen: Vec<_> = (0..=version).filter(|version| version % 4 != 3).collect();
                Document::whole(version, json!({"seen": seen, "last": version}))
            }
            3 => Document::update(version, json!({"last": null})),
            _ => Document::update(version, json!({"last": version})),
        }
    }

    proptest! {
        #[test]
        fn rum_85_in_whatever_order_and_however_often_they_come_the_view_is_one(
            versions in prop::collection::vec(0_i64..12, 1..20),
        ) {
            let joined = |versions: &[i64]| {
                let mut document = Document::default();
                versions.iter().for_each(|version| document.join(told(*version)));
                document
            };
            let mut sorted = versions.clone();
            sorted.sort_unstable();
            let (document, in_order) = (joined(&versions), joined(&sorted));
            prop_assert_eq!(&document, &in_order);
            prop_assert_eq!(document.version(), *sorted.last().unwrap());
            prop_assert_eq!(document.is_partial(), versions.iter().all(|version| version % 4 != 0));
            prop_assert_eq!(Document::unpack(&document.pack()).unwrap(), document);
        }
    }

    #[test]
    fn there_is_an_end_to_what_is_kept_of_updates() {
        let mut document = Document::whole(0, json!({"last": 0}));
        for version in 1..=300 {
            document.join(Document::update(version, json!({"last": version, "x": "y".repeat(2_000)})));
        }
        assert!(document.updates() < 140 && document.updates() > 100, "{}", document.updates());
        assert_eq!((document.version(), &document.view()["last"]), (300, &json!(300)));
    }
}
