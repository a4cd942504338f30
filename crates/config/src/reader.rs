//! Looks values up: from the highest source down, in Backstage's order and with its errors (contract: config-26).
//!
//! Must not know of reloading: a reader lives as long as one snapshot.

use greenroom_js::{number, text::trim};

use crate::{
    ConfigError,
    error::Result,
    key::{is_key, join},
    snapshot::{Snapshot, merge},
    trace::Looked,
    value::{Node, Value},
};

/// The sources below one path, highest priority first.
pub(crate) struct Reader<'a> {
    snapshot: &'a Snapshot,
    sources: Vec<Source<'a>>,
    prefix: String,
}

#[derive(Clone, Copy)]
struct Source<'a> {
    context: &'a str,
    /// Always an object.
    node: &'a Node,
}

/// A value and the name of the source that it is in.
pub(crate) struct Found<'a> {
    pub(crate) context: &'a str,
    pub(crate) node: &'a Node,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(snapshot: &'a Snapshot) -> Self {
        let sources = snapshot
            .roots()
            .filter(|(_, node)| node.object().is_some())
            .map(|(context, node)| Source { context, node });
        Self { snapshot, sources: sources.collect(), prefix: snapshot.prefix.clone() }
    }

    pub(crate) fn snapshot(&self) -> &'a Snapshot {
        self.snapshot
    }

    pub(crate) fn full_key(&self, key: &str) -> String {
        join(&self.prefix, key)
    }

    /// The value that counts: the first source that has the key decides, and null means that there is none.
    pub(crate) fn find(&self, key: &str) -> Result<Option<Found<'a>>> {
        self.look_up(key, Looked::Value)?;
        self.found(key)
    }

    fn found(&self, key: &str) -> Result<Option<Found<'a>>> {
        for (index, source) in self.sources.iter().enumerate() {
            let read = self.read(source, key);
            if let Some(node) = read.map_err(|error| self.beside(error, key, &self.sources[..index]))? {
                return Ok(
                    Some(Found { context: source.context, node }).filter(|found| !found.node.is_null())
                );
            }
        }
        Ok(None)
    }

    pub(crate) fn has(&self, key: &str) -> Result<bool> {
        self.look_up(key, Looked::Section)?;
        Ok(self.found(key)?.is_some())
    }

    pub(crate) fn keys(&self) -> Vec<String> {
        let mut out = indexmap::IndexMap::new();
        for source in &self.sources {
            for (key, node) in source.node.object().into_iter().flat_map(crate::value::in_js_order) {
                out.entry(key.clone()).or_insert(!node.is_null());
            }
        }
        out.into_iter().filter_map(|(key, present)| present.then_some(key)).collect()
    }

    /// Merged from all sources.
    pub(crate) fn merged(&self, key: &str) -> Result<Option<Node>> {
        self.look_up(key, Looked::Value)?;
        let nodes = self.sources.iter().map(|source| self.read(source, key)).collect::<Result<Vec<_>>>()?;
        Ok(nodes.into_iter().rev().fold(None, |below, node| merge(node, below)))
    }

    /// The sources below `key`. As in Backstage, every source must hold an object there, or nothing.
    pub(crate) fn view(&self, key: &str) -> Result<Option<Reader<'a>>> {
        self.look_up(key, Looked::Section)?;
        let nodes = self.sources.iter().map(|source| self.read(source, key)).collect::<Result<Vec<_>>>()?;
        let mut sources: Vec<Source<'a>> = Vec::new();
        for (source, node) in self.sources.iter().zip(nodes).rev() {
            let Some(node) = node else { continue };
            match &node.value {
                Value::Object(_) => sources.insert(0, Source { context: source.context, node }),
                Value::Null => sources.clear(),
                _ => return Err(self.wrong_type(key, &Found { context: source.context, node }, "object")),
            }
        }
        let view = Reader { snapshot: self.snapshot, sources, prefix: self.full_key(key) };
        Ok(Some(view).filter(|view| !view.sources.is_empty()))
    }

    pub(crate) fn string(&self, key: &str) -> Result<Option<String>> {
        self.typed(key, "string", |node| match &node.value {
            Value::String(text) if !text.is_empty() => Some(Ok(text.clone())),
            _ => None,
        })
    }

    pub(crate) fn number(&self, key: &str) -> Result<Option<f64>> {
        self.typed(key, "number", |node| match &node.value {
            Value::Number(n) => Some(Ok(*n)),
            // To JavaScript blank text is 0: a variable that is set to nothing would pass for one.
            Value::String(text) if trim(text).is_empty() => Some(Err("number")),
            Value::String(text) => Some(number::parse(text).ok_or("number")),
            _ => None,
        })
    }

    pub(crate) fn boolean(&self, key: &str) -> Result<Option<bool>> {
        self.typed(key, "boolean", |node| match &node.value {
            Value::Bool(b) => Some(Ok(*b)),
            Value::Number(n) => Some(boolean_from(&number::to_string(*n)).ok_or("boolean")),
            Value::String(text) => Some(boolean_from(text).ok_or("boolean")),
            _ => None,
        })
    }

    pub(crate) fn string_array(&self, key: &str) -> Result<Option<Vec<String>>> {
        let Some((found, items)) = self.array(key, "string-array")? else { return Ok(None) };
        let strings = items.iter().enumerate().map(|(index, node)| match &node.value {
            Value::String(text) if !text.is_empty() => Ok(text.clone()),
            _ => Err(self.wrong_element(key, index, found.context, node, "string-array")),
        });
        strings.collect::<Result<_>>().map(Some)
    }

    /// The objects of an array with their full keys.
    pub(crate) fn objects(&self, key: &str) -> Result<Option<Vec<(Found<'a>, String)>>> {
        let Some((found, items)) = self.array(key, "object-array")? else { return Ok(None) };
        let objects = items.iter().enumerate().map(|(index, node)| match node.object() {
            Some(_) => {
                Ok((Found { context: found.context, node }, format!("{}[{index}]", self.full_key(key))))
            }
            None => Err(self.wrong_element(key, index, found.context, node, "object-array")),
        });
        objects.collect::<Result<_>>().map(Some)
    }

    /// `Missing required config value at …`, in the name of the highest source here.
    pub(crate) fn missing(&self, key: &str) -> ConfigError {
        let context = self.sources.first().map_or("mock-config", |source| source.context);
        let full = self.full_key(key);
        let error =
            ConfigError::plain("Error", format!("Missing required config value at '{full}' in '{context}'"));
        if full.is_empty() {
            return error;
        }
        let mut error = error.of_key(&full).with_help(format!("set `{full}` in one of the config files"));
        self.snapshot.point_above(&mut error, &full);
        self.snapshot.explain(&mut error, &full);
        error
    }

    /// Checks the key, and notes it where that is wanted.
    fn look_up(&self, key: &str, looked: Looked) -> Result<()> {
        if !is_key(key) {
            return Err(ConfigError::plain("TypeError", format!("Invalid config key '{key}'")));
        }
        if let Some(trace) = &self.snapshot.trace {
            trace.note(self.full_key(key), looked);
        }
        Ok(())
    }

    fn read(&self, source: &Source<'a>, key: &str) -> Result<Option<&'a Node>> {
        let mut node = source.node;
        if key.is_empty() {
            return Ok(Some(node));
        }
        for (start, part) in parts(key) {
            if node.is_null() {
                return Ok(Some(node));
            }
            let Some(object) = node.object() else {
                let found = Found { context: source.context, node };
                return Err(self.wrong_type(&key[..start.saturating_sub(1)], &found, "object"));
            };
            match object.get(part) {
                Some(next) => node = next,
                None => return Ok(None),
            }
        }
        Ok(Some(node))
    }

    /// Names the source above that has an object where this one has something else: nothing is wrong with either alone.
    fn beside(&self, error: ConfigError, key: &str, above: &[Source<'a>]) -> ConfigError {
        let at = error.key().map(|at| at.strip_prefix(&format!("{}.", self.prefix)).unwrap_or(at));
        let Some(at) = at.filter(|at| key.starts_with(*at)) else { return error };
        let object = above.iter().rev().find_map(|source| self.read(source, at).ok().flatten());
        match object.filter(|node| node.object().is_some()) {
            Some(node) => {
                let (there, at) = (node.place(), self.full_key(at));
                error.with_help(format!(
                    "`{at}` is an object at {there}: write both as objects, or one of them alone"
                ))
            }
            None => error,
        }
    }

    fn array(&self, key: &str, wanted: &str) -> Result<Option<(Found<'a>, &'a [Node])>> {
        let Some(found) = self.find(key)? else { return Ok(None) };
        match &found.node.value {
            Value::Array(items) => Ok(Some((Found { ..found }, items))),
            _ => Err(self.wrong_type(key, &found, wanted)),
        }
    }

    fn typed<T>(
        &self,
        key: &str,
        wanted: &str,
        convert: impl Fn(&Node) -> Option<Result<T, &'static str>>,
    ) -> Result<Option<T>> {
        let Some(found) = self.find(key)? else { return Ok(None) };
        match convert(found.node) {
            Some(Ok(value)) => Ok(Some(value)),
            Some(Err(to)) => {
                let (key, context) = (self.full_key(key), found.context);
                let text = format!("Unable to convert config value for key '{key}' in '{context}' to a {to}");
                Err(self.pointed(ConfigError::plain("Error", text).of_key(&key), found.node))
            }
            None => Err(self.wrong_type(key, &found, wanted)),
        }
    }

    fn wrong_type(&self, key: &str, found: &Found<'_>, wanted: &str) -> ConfigError {
        let (key, context, got) = (self.full_key(key), found.context, found.node.kind());
        let text =
            format!("Invalid type in config for key '{key}' in '{context}', got {got}, wanted {wanted}");
        self.pointed(ConfigError::plain("TypeError", text).of_key(&key), found.node)
    }

    fn wrong_element(
        &self,
        key: &str,
        index: usize,
        context: &str,
        node: &Node,
        wanted: &str,
    ) -> ConfigError {
        self.wrong_type(&format!("{key}[{index}]"), &Found { context, node }, wanted)
    }

    fn pointed(&self, mut error: ConfigError, node: &Node) -> ConfigError {
        self.snapshot.point(&mut error, &node.at);
        error
    }
}

/// The parts of a key with their offsets.
fn parts(key: &str) -> impl Iterator<Item = (usize, &str)> {
    key.split('.').scan(0, |next, part| {
        let start = *next;
        *next += part.len() + 1;
        Some((start, part))
    })
}

fn boolean_from(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "y" | "yes" | "true" | "1" | "on" => Some(true),
        "n" | "no" | "false" | "0" | "off" => Some(false),
        _ => None,
    }
}
