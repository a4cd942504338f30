//! The sections that the navigation shows. Whoever has pages adds one; what nobody added is not shown.

use std::sync::Arc;

use greenroom::core::{Service, ServiceFactory, scope, service};
use parking_lot::Mutex;

/// One section.
///
/// ```
/// use greenroom::prelude::*;
/// use greenroom_plugin_observatory_node::{Section, Sections};
///
/// plugin("tasks", |env| {
///     env.register_init(async |sections: Sections| {
///         sections.add(Section { id: "tasks", title: "Tasks", key: 't', href: "/.greenroom/tasks" });
///         Ok(())
///     });
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Section {
    /// By which a [`Page`](crate::Page) says that it belongs here.
    pub id: &'static str,
    /// One word.
    pub title: &'static str,
    /// The key that leads there.
    pub key: char,
    /// Its first page.
    pub href: &'static str,
}

/// The order that operators know; others come behind, as they were added.
const ORDER: [&str; 8] = ["now", "lines", "requests", "plugins", "health", "boot", "browser", "tasks"];

/// All sections: `greenroom.observatory.sections`.
#[derive(Clone, Debug, Default)]
pub struct Sections(Arc<Mutex<Vec<Section>>>);

impl Service for Sections {
    const ID: &'static str = "greenroom.observatory.sections";
    type Scope = scope::Root;

    fn default_factory() -> Option<ServiceFactory> {
        Some(service(async || Ok(Self::default())))
    }
}

impl Sections {
    /// Adds one. The same id again replaces it, and a key that another one has leads to that one.
    pub fn add(&self, section: Section) {
        let mut sections = self.0.lock();
        sections.retain(|other| other.id != section.id);
        sections.push(section);
        sections.sort_by_key(|section| ORDER.iter().position(|id| *id == section.id).unwrap_or(ORDER.len()));
    }

    /// Those that there are, in the order of the navigation.
    pub fn list(&self) -> Vec<Section> {
        self.0.lock().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_stand_in_one_order_whoever_came_first() {
        let section = |id| Section { id, title: "", key: 'x', href: "" };
        let sections = Sections::default();
        for id in ["mine", "browser", "lines", "now", "browser"] {
            sections.add(section(id));
        }
        assert_eq!(
            sections.list().iter().map(|section| section.id).collect::<Vec<_>>(),
            ["now", "lines", "browser", "mine"]
        );
    }
}
