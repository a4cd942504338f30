//! All that is kept of a view: as it was told last, and updates that have come since.
//!
//! They come in any order, and again. So what is kept is what all orders have in common: the whole view of the highest version, and
//! each update above it by its version. The view as it is now follows from those.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    io,
};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    cut::{LARGEST, cut, size},
    merge::apply,
};
use crate::detail;

/// How many updates there are between two whole views at most: an SDK sends a hundred.
const MOST_UPDATES: usize = 200;

/// A view and its updates.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Document {
    /// `None` as long as only updates have come.
    base: Option<Value>,
    base_version: i64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    updates: BTreeMap<i64, Value>,
    /// How many bytes the updates are: to count them for each one that comes would take ever longer.
    #[serde(skip)]
    weight: usize,
}

impl Document {
    pub(super) fn whole(version: i64, mut view: Value) -> Self {
        cut(&mut view);
        Self { base: Some(view), base_version: version, ..Self::default() }
    }

    pub(super) fn update(version: i64, mut update: Value) -> Self {
        cut(&mut update);
        Self { weight: size(&update), updates: BTreeMap::from([(version, update)]), ..Self::default() }
    }

    /// What both know. Gives whether the other one has told something new.
    pub(crate) fn join(&mut self, other: Self) -> bool {
        let mut is_new = false;
        if other.base.is_some() && (self.base.is_none() || other.base_version > self.base_version) {
            (self.base, self.base_version) = (other.base, other.base_version);
            is_new = true;
        }
        let from = if self.base.is_some() { self.base_version } else { i64::MIN };
        while let Some(oldest) = self.updates.first_entry().filter(|oldest| *oldest.key() <= from) {
            self.weight -= size(&oldest.remove());
        }
        for (version, update) in other.updates {
            if version > from
                && let Entry::Vacant(place) = self.updates.entry(version)
            {
                self.weight += size(&update);
                place.insert(update);
                is_new = true;
            }
        }
        self.bound();
        is_new
    }

    /// Too many are no view's that an SDK tells of: the oldest become a part of it, and what comes late of them is lost.
    fn bound(&mut self) {
        if self.updates.len() <= MOST_UPDATES && self.weight <= LARGEST {
            return;
        }
        // Half of them at once: then the whole view is looked at once for many updates, and not for each.
        while self.updates.len() > 1 && (self.updates.len() > MOST_UPDATES / 2 || self.weight > LARGEST / 2) {
            let Some((version, update)) = self.updates.pop_first() else { break };
            self.weight -= size(&update);
            if let Some(base) = &mut self.base {
                apply(base, &update);
                self.base_version = version;
            }
        }
        if let Some(base) = &mut self.base {
            cut(base);
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
        let mut document: Self = serde_json::from_str(&detail::unpack(packed)?)?;
        document.weight = document.updates.values().map(size).sum();
        Ok(document)
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
    use crate::view::cut::MOST;

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
                for version in versions {
                    document.join(told(*version));
                }
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
    fn rum_85_there_is_an_end_to_what_is_kept_of_updates() {
        let mut document = Document::whole(0, json!({"last": 0}));
        for version in 1..=300 {
            document.join(Document::update(version, json!({"last": version, "x": "y".repeat(2_000)})));
            assert!(document.weight <= LARGEST && document.updates() <= MOST_UPDATES);
        }
        assert!(document.updates() > 20, "{}", document.updates());
        assert_eq!((document.version(), &document.view()["last"]), (300, &json!(300)));
    }

    #[test]
    fn rum_85_a_view_is_joined_in_a_number_of_steps_that_has_a_bound() {
        let members = |count: usize, value: Value| {
            Value::Object((0..count).map(|number| (format!("m{number}"), value.clone())).collect())
        };
        let mut document = Document::whole(0, json!({"view": members(20_000, json!(1))}));
        assert_eq!(document.view()["view"].as_object().unwrap().len(), MOST);
        for version in 1..=200 {
            document.join(Document::update(version, json!({"view": members(1_000, Value::Null)})));
            // Each member of an update is one step.
            let steps = document.updates.values().map(|update| update["view"].as_object().unwrap().len());
            assert!(steps.sum::<usize>() <= MOST_UPDATES * MOST);
        }
        let view = document.view();
        assert_eq!((&view["view"], &view["is_cut"]), (&json!({}), &json!(true)));
    }

    #[test]
    fn rum_85_a_view_with_its_updates_has_a_bound() {
        let states: Vec<_> = (0..1_000).map(|start| json!({"state": "active", "start": start})).collect();
        let text = "\u{1}".repeat(100_000);
        let mut document = Document::whole(0, json!({"_dd": {"page_states": states}, "text": text}));
        for version in 1..=20 {
            let view = json!({(format!("m{version}")): "x".repeat(60_000)});
            document.join(Document::update(version, json!({"_dd": {"page_states": states}, "view": view})));
            let kept = detail::unpack(&document.pack()).unwrap();
            assert!(kept.len() <= 256 << 10, "{version}: {}", kept.len());
            assert_eq!(Document::unpack(&document.pack()).unwrap(), document);
        }
        let view = document.view();
        assert_eq!(view["_dd"]["page_states"].as_array().unwrap().len(), MOST);
        assert_eq!(view["is_cut"], json!(true));
    }

    #[test]
    fn rum_81_what_was_told_before_is_nothing_new() {
        let mut document = Document::whole(1, json!({"a": 1}));
        assert!(document.join(Document::update(2, json!({"a": 2}))));
        assert!(!document.join(Document::update(2, json!({"a": 2}))));
        assert!(!document.join(Document::update(1, json!({"a": 3}))));
        assert!(!document.join(Document::whole(1, json!({"a": 1}))));
        assert!(document.join(Document::whole(3, json!({"a": 3}))));
    }
}
