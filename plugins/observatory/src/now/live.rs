//! Parts of a page that change: each has a name, under which the page shows it and the stream replaces it.

use std::collections::BTreeMap;

use maud::{Markup, Render, html};

/// Collects the parts of one rendering.
#[derive(Debug, Default)]
pub(super) struct Parts(BTreeMap<String, String>);

impl Parts {
    /// A part in its place.
    pub(super) fn part(&mut self, name: impl Into<String>, content: impl Render) -> Markup {
        let (name, content) = (name.into(), content.render());
        let shown = html! { span data-live=(name) { (content) } };
        self.0.insert(name, content.into_string());
        shown
    }

    /// One that the page puts into its place by itself.
    pub(super) fn note(&mut self, name: impl Into<String>, content: impl Render) {
        self.0.insert(name.into(), content.render().into_string());
    }

    /// Those that are not what they were, as the stream sends them; from now on they are what they were.
    pub(super) fn news(&self, before: &mut BTreeMap<String, String>) -> BTreeMap<String, String> {
        let changed = self.0.iter().filter(|(name, content)| before.get(*name) != Some(*content));
        let changed: BTreeMap<_, _> =
            changed.map(|(name, content)| (name.clone(), content.clone())).collect();
        before.extend(changed.clone());
        changed
    }
}
