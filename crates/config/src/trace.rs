//! Which keys a reader looks up, and which of them are not the same in two configs.
//!
//! Must not know what is done about them.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use indexmap::IndexSet;

use crate::{
    ConfigReader, RootConfig,
    key::join,
    live::lock,
    snapshot::same,
    value::{Node, Object},
};

/// What was looked up, by its key as seen from the root.
#[derive(Debug, Default)]
pub(crate) struct Trace(Mutex<BTreeMap<String, Looked>>);

/// What for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Looked {
    /// What is below it, or whether it is there.
    Section,
    /// All that it holds.
    Value,
}

impl Trace {
    pub(crate) fn note(&self, key: String, looked: Looked) {
        let mut keys = lock(&self.0);
        let known = keys.entry(key).or_insert(looked);
        *known = looked.max(*known);
    }
}

impl ConfigReader {
    /// The keys that it reads, and that are not the same in two configs, in the order of the second.
    ///
    /// ```
    /// use greenroom_config::{ConfigReader, RootConfig};
    ///
    /// let reader = ConfigReader::new(|config: &RootConfig| config.optional_number("mail.workers"), |_, _| vec![]);
    /// let [before, after] = ["{mail: {workers: 1, from: a}}", "{mail: {workers: 2, from: b}}"].map(|yaml| RootConfig::from_yaml(yaml).unwrap());
    /// assert_eq!(reader.changed(&before, &after), ["mail.workers"]);
    /// ```
    pub fn changed(&self, before: &RootConfig, after: &RootConfig) -> Vec<String> {
        let trace = Arc::new(Trace::default());
        for config in [before, after] {
            // What it refuses, and warns of, is told elsewhere.
            self.touch(&config.traced(&trace));
        }
        let keys = std::mem::take(&mut *lock(&trace.0));
        let [before, after] = [before, after].map(|config| config.snapshot().merged());
        let mut leaves = vec![];
        differing(before.as_ref(), after.as_ref(), "", &mut leaves);
        let read = leaves.iter().filter_map(|leaf| {
            let mut above = ancestors(leaf);
            above.find(|key| keys.get(*key) == Some(&Looked::Value)).map(str::to_owned)
        });
        let mut changed: IndexSet<String> = read.collect();
        for key in keys.into_keys() {
            let is_there = |root: &Option<Node>| root.as_ref().is_some_and(|root| holds(root, &key));
            let is_told = |known: &String| is_within(known, &key) || is_within(&key, known);
            if is_there(&before) != is_there(&after) && !changed.iter().any(is_told) {
                changed.insert(key);
            }
        }
        changed.into_iter().collect()
    }
}

/// Where values are not the same: lists and scalars. A section that is missing is one without members.
fn differing(before: Option<&Node>, after: Option<&Node>, key: &str, out: &mut Vec<String>) {
    fn members<'n>(node: Option<&'n Node>, none: &'n Object) -> Option<&'n Object> {
        node.map_or(Some(none), Node::object)
    }
    let none = Object::new();
    match (members(before, &none), members(after, &none)) {
        (Some(before), Some(after)) => {
            let removed = before.keys().filter(|name| !after.contains_key(*name));
            for name in after.keys().chain(removed) {
                differing(before.get(name), after.get(name), &join(key, name), out);
            }
        }
        _ if before.zip(after).is_some_and(|(before, after)| same(before, after)) => {}
        _ => out.push(key.to_owned()),
    }
}

fn is_within(inner: &str, outer: &str) -> bool {
    ancestors(inner).any(|above| above == outer)
}

/// A key and those above it, the nearest first.
fn ancestors(key: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(key), |key| key.rsplit_once('.').map(|(above, _)| above))
}

/// Whether there is anything at the key.
fn holds(root: &Node, key: &str) -> bool {
    let found = key.split('.').try_fold(root, |node, part| node.object()?.get(part));
    found.is_some_and(|node| !node.is_null())
}
