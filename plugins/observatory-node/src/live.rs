//! Parts of a page that change: each has a name, under which the page shows it and the stream replaces it.

use std::collections::BTreeMap;

use maud::{Markup, Render, html};

/// Collects the parts of one rendering.
///
/// ```
/// use greenroom_plugin_observatory_node::LiveParts;
///
/// let mut live = LiveParts::default();
/// let shown = live.part("waiting", 3).into_string();
/// assert_eq!(shown, r#"<span data-live="waiting">3</span>"#);
/// ```
#[derive(Clone, Debug, Default)]
pub struct LiveParts(BTreeMap<String, String>);

impl LiveParts {
    /// A part in its place.
    pub fn part(&mut self, name: impl Into<String>, content: impl Render) -> Markup {
        let (name, content) = (name.into(), content.render());
        let shown = html! { span data-live=(name) { (content) } };
        self.0.insert(name, content.into_string());
        shown
    }

    /// One that the page puts into its place by itself.
    pub fn note(&mut self, name: impl Into<String>, content: impl Render) {
        self.0.insert(name.into(), content.render().into_string());
    }

    /// Those of a part of the same page that somebody else has made.
    pub fn add(&mut self, others: &Self) {
        self.0.extend(others.0.clone());
    }

    /// Those that are not what they were, as the stream sends them; from now on they are what they were.
    pub fn news(&self, before: &mut BTreeMap<String, String>) -> BTreeMap<String, String> {
        let changed = self.0.iter().filter(|(name, content)| before.get(*name) != Some(*content));
        let changed: BTreeMap<_, _> =
            changed.map(|(name, content)| (name.clone(), content.clone())).collect();
        before.extend(changed.clone());
        changed
    }
}
