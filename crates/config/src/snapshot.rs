//! One reading of all sources: what stays put while a value is looked up.
//!
//! Must not know where sources come from, nor of typed readers.

use std::{
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use crate::{
    ConfigError, Visibilities,
    key::{Step, steps},
    masks::Masks,
    pattern::VisibilityRules,
    place::At,
    secret::{self, Reason},
    spots::Spots,
    trace::Trace,
    unset::Unset,
    value::{Node, Object, Origin, Value},
};

/// What one source said. A source without content has no root and takes no part.
#[derive(Debug)]
pub(crate) struct Layer {
    /// The name that errors carry: a file's base name, or `env`.
    pub(crate) context: Arc<str>,
    pub(crate) root: Option<Node>,
    /// The config file, if it is one.
    pub(crate) source: Option<PathBuf>,
    /// The file itself and everything it includes or would include, for watching.
    pub(crate) files: Vec<PathBuf>,
    pub(crate) unset: Vec<Unset>,
    /// What is probably not what was meant, each a sentence.
    pub(crate) warnings: Vec<String>,
}

impl Layer {
    /// One that comes from no file.
    pub(crate) fn without_files(context: &str, root: Option<Node>) -> Self {
        let (files, unset, warnings) = (Vec::new(), Vec::new(), Vec::new());
        Self { context: context.into(), root, source: None, files, unset, warnings }
    }

    pub(crate) fn in_code(context: &str, root: Node) -> Self {
        Self::without_files(context, Some(root))
    }
}

/// All sources, the highest priority first.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) layers: Vec<Arc<Layer>>,
    /// Where the roots of the layers stand in the whole config: elements of config arrays are snapshots of their own.
    pub(crate) prefix: String,
    /// Whether `config()` gives views that may be empty now and filled by a later reload (contract: config-28).
    pub(crate) live: bool,
    pub(crate) declared: Arc<VisibilityRules>,
    secret_spots: Arc<Spots>,
    /// What is left out, of higher sources first.
    unset: Arc<[Unset]>,
    pub(crate) description: String,
    /// Where it is noted what is looked up.
    pub(crate) trace: Option<Arc<Trace>>,
    masks: OnceLock<Masks>,
}

impl Snapshot {
    pub(crate) fn new(layers: Vec<Layer>, live: bool, description: String) -> Self {
        let layers: Vec<_> = layers.into_iter().map(Arc::new).collect();
        let declared = Arc::new(settled(&layers, VisibilityRules::built_in()));
        let (secret_spots, unset) = (secret_spots(&layers, &declared), unset(&layers));
        Self {
            layers,
            prefix: String::new(),
            live,
            declared,
            secret_spots,
            unset,
            description,
            trace: None,
            masks: OnceLock::new(),
        }
    }

    /// The same config after a change, or with more declared.
    pub(crate) fn with(&self, layers: Vec<Arc<Layer>>, more: Option<&dyn Visibilities>) -> Self {
        let (prefix, description) = (self.prefix.clone(), self.description.clone());
        let (live, declared) = (self.live, Arc::new(VisibilityRules::built_in()));
        let unset = unset(&layers);
        let mut next = Self {
            layers,
            prefix,
            live,
            declared,
            secret_spots: Arc::default(),
            unset,
            description,
            trace: None,
            masks: OnceLock::new(),
        };
        let declared = match (more, next.merged()) {
            (Some(more), Some(merged)) => VisibilityRules::with(more.visibility(&merged.to_json())),
            _ => VisibilityRules::built_in(),
        };
        next.declared = Arc::new(settled(&next.layers, declared));
        next.secret_spots = secret_spots(&next.layers, &next.declared);
        next
    }

    /// The same values; files are looked at that another reading was made of, for when these are changed.
    pub(crate) fn watching(&self, other: &Self) -> Self {
        let layers = self.layers.iter().zip(&other.layers).map(|(layer, other)| {
            let (context, root, source) = (layer.context.clone(), layer.root.clone(), layer.source.clone());
            let (unset, warnings, files) = (layer.unset.clone(), layer.warnings.clone(), other.files.clone());
            Arc::new(Layer { context, root, source, files, unset, warnings })
        });
        let (prefix, description) = (self.prefix.clone(), self.description.clone());
        let (declared, secret_spots) = (self.declared.clone(), self.secret_spots.clone());
        let (layers, unset) = (layers.collect(), self.unset.clone());
        Self {
            layers,
            prefix,
            live: self.live,
            declared,
            secret_spots,
            unset,
            description,
            trace: None,
            masks: OnceLock::new(),
        }
    }

    /// One tree under one name, made in code.
    pub(crate) fn single(context: &str, root: Node, description: String) -> Self {
        Self::new(vec![Layer::in_code(context, root)], false, description)
    }

    /// One object out of this snapshot, on its own: no source below it is asked.
    pub(crate) fn pinned(&self, context: &str, node: Node, prefix: String) -> Self {
        Self {
            layers: vec![Arc::new(Layer::in_code(context, node))],
            prefix,
            live: false,
            declared: self.declared.clone(),
            secret_spots: self.secret_spots.clone(),
            unset: self.unset.clone(),
            description: self.description.clone(),
            trace: None,
            masks: OnceLock::new(),
        }
    }

    /// What takes its secrets out of texts.
    pub(crate) fn masks(&self) -> Masks {
        self.masks.get_or_init(|| Masks::of(self)).clone()
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
        error.point(at, &self.secret_spots);
    }

    /// Points an error at what is nearest above a missing value of an element: which of a list's elements lacks it.
    pub(crate) fn point_above(&self, error: &mut ConfigError, key: &str) {
        let Some(within) = key.strip_prefix(&self.prefix).filter(|_| !self.prefix.is_empty()) else { return };
        let element = self.roots().next().map(|(_, element)| element);
        let nearest = self.locate(&steps(within)).map(|(node, _)| node).or(element);
        if let Some(node) = nearest {
            self.point(error, &node.at);
        }
    }

    /// Names the variable that a value is missing for, if that is why. `key` is as seen from the root.
    pub(crate) fn explain(&self, error: &mut ConfigError, key: &str) {
        if let Some(unset) = self.unset.iter().find(|unset| unset.explains(key)) {
            self.point(error, &unset.at);
            error.lacks(&unset.variable);
        }
    }
}

fn unset(layers: &[Arc<Layer>]) -> Arc<[Unset]> {
    layers.iter().flat_map(|layer| layer.unset.iter().cloned()).collect()
}

/// What is declared of these sources' values: none is shown as the name of a file that is, or holds, what is secret elsewhere.
fn settled(layers: &[Arc<Layer>], mut declared: VisibilityRules) -> VisibilityRules {
    let each = |f: &mut dyn FnMut(&[Step], &Node)| {
        for root in layers.iter().filter_map(|layer| layer.root.as_ref()) {
            visit(root, &mut Vec::new(), &mut |path, node| f(path, node));
        }
    };
    let mut files = Vec::new();
    each(&mut |path, node| {
        if let Value::String(text) = &node.value
            && node.origin.is_external()
            && declared.is_file(path)
        {
            files.push((path.to_vec(), text.clone()));
        }
    });
    let mut told = Vec::new();
    each(&mut |path, node| {
        if !files.is_empty() {
            let secrets = secret::secret_texts(path, node, &declared);
            let tells = |text: &str| secrets.iter().any(|secret| secret::tells(text, secret));
            told.extend(files.iter().filter(|(_, text)| tells(text)).map(|(path, _)| path.clone()));
        }
    });
    told.iter().for_each(|path| declared.withhold_file(path));
    declared
}

/// Where secrets are written, in all sources, those hidden by higher ones too.
fn secret_spots(layers: &[Arc<Layer>], declared: &VisibilityRules) -> Arc<Spots> {
    let mut spots = Vec::new();
    for root in layers.iter().filter_map(|layer| layer.root.as_ref()) {
        visit(root, &mut Vec::new(), &mut |path, node| {
            // Of what else comes from outside, the line holds no more than where from.
            let is_written = |reason| reason != Reason::Origin || node.origin == Origin::Include;
            if secret::hidden(path, node, declared).is_some_and(is_written) {
                spots.push(node.at.clone());
            }
        });
    }
    Arc::new(Spots::new(spots))
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

/// `high` over `low`: objects merge with the keys of `high` first, all else replaces, null hides
/// (contract: config-1, config-3).
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

/// Whether two values are the same, whatever the order of members; NaN is itself.
pub(crate) fn same(a: &Node, b: &Node) -> bool {
    match (&a.value, &b.value) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::Number(a), Value::Number(b)) => a == b || (a.is_nan() && b.is_nan()),
        (Value::String(a), Value::String(b)) => a == b,
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => false,
    }
}
