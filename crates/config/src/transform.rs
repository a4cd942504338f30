//! What happens to one file's values before sources are merged: substitution in strings, then includes.
//!
//! Must not know of other sources. Faults leave here as `error at <path>, …`; the source puts its file before that.

use std::path::{Path, PathBuf};

use crate::{
    error::Fault,
    files::Files,
    include::{self, Included},
    place::At,
    substitute::{Env, Substituted, substitute},
    unset::Unset,
    value::{Node, Origin, Value},
};

/// Files that include one another without end are stopped here.
const MAX_INCLUDES: usize = 32;
/// How many nodes one source may grow to by including.
const MAX_NODES: usize = 1_000_000;

pub(crate) struct Transform<'a, 'f> {
    pub(crate) env: &'a Env,
    pub(crate) files: &'a mut Files<'f>,
    pub(crate) unset: Vec<Unset>,
    nodes: usize,
}

impl<'a, 'f> Transform<'a, 'f> {
    pub(crate) fn new(env: &'a Env, files: &'a mut Files<'f>) -> Self {
        Self { env, files, unset: Vec::new(), nodes: 0 }
    }

    /// The transformed root of a file, which must be an object (contract: config-11).
    pub(crate) fn root(&mut self, root: Node, dir: &Path) -> Result<Node, Fault> {
        let at = root.at.clone();
        let done = self.node(root, &mut String::new(), dir, 0)?;
        done.filter(|node| node.object().is_some()).ok_or_else(|| not_an_object(&at))
    }

    /// `None` when the value became undefined and is left out.
    fn node(
        &mut self,
        node: Node,
        path: &mut String,
        dir: &Path,
        includes: usize,
    ) -> Result<Option<Node>, Fault> {
        let wrap = |fault: Fault, path: &str| Fault {
            message: format!("error at {path}, {}", fault.message),
            ..fault
        };
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err(wrap(Fault::new(format!("includes grew beyond {MAX_NODES} values"), &node.at), path));
        }
        match node.value {
            Value::String(ref text) => Ok(self.string(text, path, &node.at).map(|(text, replaced)| {
                let origin = if replaced { Origin::Substitution } else { node.origin };
                Node { value: Value::String(text), origin, at: node.at }
            })),
            Value::Object(_) => {
                let included = include::apply(self, &node, path, dir).map_err(|fault| wrap(fault, path))?;
                match included {
                    Included::No => self.children(node, path, dir, includes),
                    Included::Value(None) => Ok(None),
                    Included::Value(Some(value)) => Ok(Some(value)),
                    Included::Tree(value, new_dir) => {
                        if includes == MAX_INCLUDES {
                            let message = format!("files include one another more than {MAX_INCLUDES} deep");
                            return Err(wrap(Fault::new(message, &node.at), path));
                        }
                        self.children(value, path, &new_dir, includes + 1)
                    }
                }
            }
            Value::Array(_) => self.children(node, path, dir, includes),
            Value::Null | Value::Bool(_) | Value::Number(_) => Ok(Some(node)),
        }
    }

    /// Only what is inside: an included value that is itself an include stays as data (contract: config-10).
    fn children(
        &mut self,
        node: Node,
        path: &mut String,
        dir: &Path,
        includes: usize,
    ) -> Result<Option<Node>, Fault> {
        let length = path.len();
        let value = match node.value {
            Value::Array(items) => {
                let mut out = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    path.push_str(&format!("[{index}]"));
                    out.extend(self.node(item, path, dir, includes)?);
                    path.truncate(length);
                }
                Value::Array(out)
            }
            Value::Object(members) => {
                let mut out = crate::value::Object::with_capacity(members.len());
                for (key, member) in members {
                    path.push('.');
                    path.push_str(&key);
                    if let Some(done) = self.node(member, path, dir, includes)? {
                        out.insert(key, done);
                    }
                    path.truncate(length);
                }
                Value::Object(out)
            }
            other => other,
        };
        Ok(Some(Node { value, ..node }))
    }

    /// The string after substitution, and whether a variable took part.
    pub(crate) fn string(&mut self, text: &str, path: &str, at: &At) -> Option<(String, bool)> {
        match substitute(text, self.env) {
            Substituted::Same(text) => Some((text, false)),
            Substituted::Replaced(text) => Some((text, true)),
            Substituted::Undefined(variable) => {
                if let Some(variable) = variable {
                    self.lacks(path, &variable, at);
                }
                None
            }
        }
    }

    pub(crate) fn lacks(&mut self, path: &str, variable: &str, at: &At) {
        let key = path.trim_start_matches('.').to_owned();
        self.unset.push(Unset::new(key, variable, at));
    }
}

pub(crate) fn not_an_object(at: &crate::place::At) -> Fault {
    Fault { name: "TypeError", ..Fault::new("expected object at config root", at) }
}

/// The directory that paths in this file are relative to.
pub(crate) fn dir_of(path: &Path) -> PathBuf {
    path.parent().map_or_else(|| PathBuf::from("/"), Path::to_owned)
}
