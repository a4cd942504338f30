//! What schemas may say of values. The schemas themselves are another crate's matter.

use std::{collections::HashMap, fmt};

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
    fn visibility(&self, merged: &serde_json::Value) -> HashMap<String, Visibility>;
}
