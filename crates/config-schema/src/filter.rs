//! What of a source may be seen, by Backstage's rules (contract: config-34).
//!
//! One rule is ours: `visibility: backend` inside a `deepVisibility: frontend` hides, and what is below it too (C29).

use greenroom_config::Visibility;
use serde_json::{Map, Value as Json};

use crate::{pointer, validate::Marks};

/// One source, reduced to what may be seen.
#[derive(Clone, Debug, PartialEq)]
pub struct Filtered {
    /// The source's name: a file's base name, or `env`.
    pub context: String,
    /// What is left; `{}` when nothing is.
    pub data: Json,
    /// The keys that were left out.
    pub filtered_keys: Vec<String>,
    /// Keys that are there and should no longer be, and what is said of them.
    pub deprecated_keys: Vec<(String, String)>,
}

/// Reduces one source's data.
pub(crate) fn filter(context: &str, data: &Json, visible: &[Visibility], marks: &Marks) -> Filtered {
    let mut walk = Walk { visible, marks, filtered: Vec::new(), deprecated: Vec::new(), seen: None };
    let data = walk.value(data, "", "", Visibility::Backend).unwrap_or_else(|| Json::Object(Map::new()));
    Filtered {
        context: context.to_owned(),
        data,
        filtered_keys: walk.filtered,
        deprecated_keys: walk.deprecated,
    }
}

/// Calls `f` for every scalar with its JSON pointer and visibility.
pub(crate) fn scalars(data: &Json, marks: &Marks, f: Seen<'_>) {
    let mut walk = Walk { visible: &[], marks, filtered: Vec::new(), deprecated: Vec::new(), seen: Some(f) };
    walk.value(data, "", "", Visibility::Backend);
}

type Seen<'a> = &'a mut dyn FnMut(&str, &Json, Visibility);

struct Walk<'a> {
    visible: &'a [Visibility],
    marks: &'a Marks,
    filtered: Vec<String>,
    deprecated: Vec<(String, String)>,
    seen: Option<Seen<'a>>,
}

impl Walk<'_> {
    fn value(&mut self, value: &Json, at: &str, key: &str, inherited: Visibility) -> Option<Json> {
        self.at(value, (at, at), key, inherited)
    }

    /// `at` is where the value is, and where its visibility is looked up: a scalar in an array has the array's.
    fn at(&mut self, value: &Json, at: (&str, &str), key: &str, inherited: Visibility) -> Option<Json> {
        let (real, at) = at;
        let own = self.marks.visibility.get(at).copied();
        // Secrets cannot be undone from within.
        let own = own.filter(|own| (*own, inherited) != (Visibility::Backend, Visibility::Secret));
        let visibility = own.unwrap_or(inherited);
        let is_visible = self.visible.contains(&visibility);
        let inherited = match (self.marks.deep.get(at), own) {
            (Some(deep), _) => *deep,
            (None, Some(Visibility::Backend)) => Visibility::Backend,
            (None, _) => inherited,
        };
        if let Some(text) = self.marks.deprecated.get(at) {
            self.deprecated.push((key.to_owned(), text.clone()));
        }
        match value {
            Json::Null => None,
            Json::Array(items) => {
                let mut out = Vec::new();
                for (index, item) in items.iter().enumerate() {
                    let below = format!("{at}/{index}");
                    let mark = self.marks.visibility.get(&below);
                    let own = match mark {
                        // As in Backstage this says nothing, but inside what is for everybody.
                        Some(Visibility::Backend) => inherited == Visibility::Frontend,
                        mark => mark.is_some(),
                    };
                    let own = own || item.is_object() || item.is_array();
                    let shown = if own { &below } else { at };
                    out.extend(self.at(item, (&below, shown), &format!("{key}[{index}]"), inherited));
                }
                (!out.is_empty() || is_visible).then_some(Json::Array(out))
            }
            Json::Object(members) => {
                let mut out = Map::new();
                for (name, member) in members {
                    let full = if key.is_empty() { name.clone() } else { format!("{key}.{name}") };
                    let below = pointer::with(at, name);
                    let kept = self.at(member, (&below, &below), &full, inherited);
                    out.extend(kept.map(|kept| (name.clone(), kept)));
                }
                (!out.is_empty() || is_visible).then_some(Json::Object(out))
            }
            scalar => {
                if let Some(seen) = &mut self.seen {
                    seen(real, scalar, visibility);
                }
                if !is_visible {
                    self.filtered.push(key.to_owned());
                }
                is_visible.then(|| scalar.clone())
            }
        }
    }
}
