//! What schemas may say of values. The schemas themselves are another crate's matter.

use std::{collections::HashMap, fmt};

use serde_json::{Map, Value as Json};

use crate::pattern;

/// Who may see a value (core §1.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// The browser, and so everybody.
    Frontend,
    /// The backend alone: what is not declared.
    Backend,
    /// The backend alone, and never a log line.
    Secret,
}

/// What schemas declare, besides the built-in table of secrets.
pub trait Declarations: fmt::Debug + Send + Sync {
    /// The visibility of single values of the merged config, by JSON pointer; those of none are backend.
    fn visibility(&self, merged: &Json) -> HashMap<String, Visibility>;

    /// What an operator who looks into it should know: which schemas are not used, and why.
    fn notes(&self) -> &[String] {
        &[]
    }
}

/// The built-in tables of secrets, and of what Backstage's own packages show to the browser, as a JSON Schema.
pub fn built_in_schema() -> Json {
    let mut root = Json::Object(Map::new());
    for (visibility, table) in pattern::tables() {
        table.iter().for_each(|text| insert(&mut root, text, visibility));
    }
    root
}

fn insert(root: &mut Json, pattern: &str, visibility: &str) {
    let mut at = root;
    for part in pattern.split('.') {
        let name = part.trim_end_matches("[]");
        at = match name {
            "**" => {
                at["deepVisibility"] = visibility.into();
                return;
            }
            "*" => &mut at["additionalProperties"],
            name => &mut at["properties"][name],
        };
        for _ in 0..(part.len() - name.len()) / 2 {
            at = &mut at["items"];
        }
    }
    at["visibility"] = visibility.into();
}
