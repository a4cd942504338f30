//! One reading of all sources: what stays put while a value is looked up.
//!
//! Must not know where sources come from, nor of typed readers.

use std::{path::PathBuf, sync::Arc};

use crate::{
    ConfigError,
    key::{self, Step},
    pattern::Declared,
    place::At,
    value::{Node, Object, Value},
};

/// What one source said. A source without content has no root and takes no part.
#[derive(Debug)]
pub(crate) struct Layer {
    /// The name that errors carry: a file's base name, or `env`.
    pub(crate) context: Arc<str>,
    pub(crate) root: Option<Node>,
    /// The file itself and everything it includes, for watching.
    pub(crate) files: Vec<PathBuf>,
}

/// All sources, the highest priority first.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) layers: Vec<Layer>,
    /// Where the roots of the layers stand in the whole config: elements of config arrays are snapshots of their own.
    pub(crate) prefix: String,
    /// Whether `config()` gives views that may be empty now and filled by a later reload (core §1.7).
    pub(crate) live: bool,
    pub(crate) declared: Arc<Declared>,
    pub(crate) description: String,
}

impl Snapshot {
    /// One tree under one name, made in code.
    pub(crate) fn single(context: &str, root: Node, description: String) -> Self {
        Self {
            layers: vec![Layer { context: context.into(), root: Some(root), files: Vec::new() }],
            prefix: String::new(),
            live: false,
            declared: Arc::new(Declared::built_in()),
            description,
        }
    }

    /// One object out of this snapshot, on its own: no source below it is asked.
    pub(crate) fn pinned(&self, context: &str, node: Node, prefix: String) -> Self {
        Self {
            layers: vec![Layer { context: context.into(), root: Some(node), files: Vec::new() }],
            prefix,
            live: false,
            declared: self.declared.clone(),
            description: self.description.clone(),
        }
    }

    pub(crate) fn roots(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.layers.iter().filter_map(|layer| Some((&*layer.context, layer.root.as_ref()?)))
    }

    /// Everything merged; `None` when no source says anything.
    pub(crate) fn merged(&self) -> Option<Node> {
        let roots: Vec<_> = self.roots().map(|(_, node)| node).collect();
        roots.into_iter().rev().fold(None, |below, node| merge(Some(node), below))
    }

    /// The value at a path, or the nearest above it (then `false`).
    pub(crate) fn locate(&self, path: &[Step]) -> Option<(&Node, bool)> {
        let mut current: Vec<&Node> = self.roots().map(|(_, node)| node).collect();
        let mut nearest = None;
        for step in path {
            let children = current.iter().filter_map(|node| match (&node.value, step) {
                (Value::Object(object), Step::Key(key)) => object.get(key),
                (Value::Array(items), Step::Index(index)) => items.get(*index),
                _ => None,
            });
            let mut next: Vec<&Node> = Vec::new();
            for child in children {
                let mergeable = child.object().is_some();
                if mergeable || next.is_empty() {
                    next.push(child);
                }
                if !mergeable {
                    break;
                }
            }
            let Some(first) = next.first() else { return nearest.map(|node| (node, false)) };
            nearest = Some(*first);
            current = next;
        }
        nearest.map(|node| (node, true))
    }

    /// Points an error at a value; secrets on its line are hidden.
    pub(crate) fn point(&self, error: &mut ConfigError, at: &At) {
        let mut hide = Vec::new();
        let prefix = key::steps(&self.prefix);
        for (_, root) in self.roots() {
            visit(root, &mut prefix.clone(), &mut |path, node| {
                if at.same_line(&node.at) && self.declared.is_secret(path) {
                    hide.push(node.at.clone());
                }
            });
        }
        error.point(at, &hide);
    }
}

/// Calls `f` for every scalar.
pub(crate) fn visit(node: &Node, path: &mut Vec<Step>, f: &mut impl FnMut(&[Step], &Node)) {
    let mut below = |step: Step, node: &Node| {
        path.push(step);
        visit(node, path, f);
        path.pop();
    };
    match &node.value {
        Value::Object(object) => object.iter().for_each(|(key, node)| below(Step::Key(key.clone()), node)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, node)| below(Step::Index(i), node)),
        _ => f(path, node),
    }
}

/// `high` over `low` (core §1.5): objects merge with the keys of `high` first, all else replaces, null hides.
///
/// `low` must be a result of this function: nulls are gone from its objects.
pub(crate) fn merge(high: Option<&Node>, low: Option<Node>) -> Option<Node> {
    let Some(high) = high else { return low };
    match &high.value {
        Value::Null => None,
        Value::Object(object) => {
            let mut below = match low {
                Some(Node { value: Value::Object(below), .. }) => below,
                _ => Object::new(),
            };
            let mut out = Object::with_capacity(object.len() + below.len());
            for (key, node) in object {
                out.extend(merge(Some(node), below.shift_remove(key)).map(|merged| (key.clone(), merged)));
            }
            out.extend(below);
            Some(Node { value: Value::Object(out), origin: high.origin, at: high.at.clone() })
        }
        _ => Some(high.clone()),
    }
}
