//! Which pages of this program are measured, by what it puts together.

use greenroom::{
    config::{ConfigReader, ReadContext, RootConfig},
    core::{Declare, Plugin},
};
use greenroom_plugin_app::{FrontEnd, front_end};
use greenroom_plugin_rum::{PlannedPages, Served};

/// The plugin `rum`, which knows before a start whether there is a page.
pub(crate) fn rum() -> Plugin {
    greenroom_plugin_rum::rum().declare(PlannedPages::new(served))
}

fn served(config: &RootConfig, context: &ReadContext) -> Served {
    let readers = context.declarations.of::<ConfigReader>();
    let runs = |id: &str| readers.iter().any(|(by, _)| by.owner().is_some_and(|owner| &*owner.plugin == id));
    let switch = |key: &str| config.optional_switch(key).ok().flatten();
    Served {
        // What its reader refuses is a fault.
        app: runs("app") && !matches!(front_end(config), Ok(FrontEnd::Nowhere(_))),
        other: switch("greenroom.demo") == Some(true) && switch("greenroom.plugins.demo") != Some(false),
        behind: runs("gateway") || is_of_gateway(config),
    }
}

/// Whether a config is of a backend that stands in front of another one, as far as it says so.
pub(crate) fn is_of_gateway(config: &RootConfig) -> bool {
    config.has("greenroom.gateway").unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use greenroom::core::Backend;
    use greenroom_plugin_app::app;

    use super::*;

    fn of(yaml: &str, backend: Backend) -> (bool, bool) {
        let context = ReadContext { declarations: backend.declarations(), ..ReadContext::default() };
        let Served { app, other, .. } = served(&RootConfig::from_yaml(yaml).unwrap(), &context);
        (app, other)
    }

    #[test]
    fn a_front_end_has_to_be_there_and_served_and_the_demo_to_be_on() {
        let nowhere = "app: {packageName: is-not-installed}";
        assert_eq!(of(nowhere, Backend::new([]).add(app())), (false, false));
        // Where it is said, and is none, that is a fault of the plugin.
        let said = "greenroom: {app: {dist: /is/not/there}}";
        assert_eq!(of(said, Backend::new([]).add(app())), (true, false));
        assert_eq!(of(said, Backend::new([])), (false, false), "the plugin is off");
        assert_eq!(of("greenroom: {demo: true}", Backend::new([])), (false, true));
        assert_eq!(of("greenroom: {demo: true, plugins: {demo: false}}", Backend::new([])), (false, false));
    }
}
