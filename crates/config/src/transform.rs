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
/// How many bytes the texts of one source may grow to by including and substituting.
const MAX_TEXT: usize = 64 << 20;

pub(crate) struct Transform<'a, 'f> {
    pub(crate) env: &'a Env,
    pub(crate) files: &'a mut Files<'f>,
    pub(crate) unset: Vec<Unset>,
    /// What is probably not what was meant.
    pub(crate) warnings: Vec<String>,
    nodes: usize,
    text: usize,
}

impl<'a, 'f> Transform<'a, 'f> {
    pub(crate) fn new(env: &'a Env, files: &'a mut Files<'f>) -> Self {
        Self { env, files, unset: Vec::new(), warnings: Vec::new(), nodes: 0, text: 0 }
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
        let done = match node.value {
            Value::String(ref text) => self.string(text, path, &node.at).map(|(text, replaced)| {
                let origin = if replaced { Origin::Substitution } else { node.origin };
                Node { value: Value::String(text), origin, at: node.at }
            }),
            Value::Object(_) => {
                match include::apply(self, &node, path, dir).map_err(|fault| wrap(fault, path))? {
                    Included::No => self.children(node, path, dir, includes)?,
                    Included::Value(value) => value,
                    Included::Tree(value, new_dir) => {
                        if includes == MAX_INCLUDES {
                            let message = format!("files include one another more than {MAX_INCLUDES} deep");
                            return Err(wrap(Fault::new(message, &node.at), path));
                        }
                        self.children(value, path, &new_dir, includes + 1)?
                    }
                }
            }
            Value::Array(_) => self.children(node, path, dir, includes)?,
            Value::Null | Value::Bool(_) | Value::Number(_) => Some(node),
        };
        if let Some(Node { value: Value::String(text), at, .. }) = &done {
            self.text += text.len();
            if self.text > MAX_TEXT {
                let message = format!("texts grew beyond {} MiB", MAX_TEXT >> 20);
                return Err(wrap(Fault::new(message, at), path));
            }
        }
        Ok(done)
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
                    if key == "<<" && matches!(member.value, Value::Object(_) | Value::Array(_)) {
                        self.warn_of_merge_key(path, &member.at);
                    }
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

    /// YAML 1.1 would have merged it when the file was parsed.
    fn warn_of_merge_key(&mut self, path: &str, at: &At) {
        self.warnings.push(format!(
            "'{}' is a key like any other: to have it merged, begin the file with the two lines `%YAML 1.1` and `---` ({})",
            path.trim_start_matches('.'),
            at.place()
        ));
    }

    /// The string after substitution, and whether a variable's value is part of it.
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
