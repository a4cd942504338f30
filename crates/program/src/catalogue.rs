//! Which plugins the program has, and which of them a config asks for.

use std::fmt;

use greenroom::{
    config::{ConfigError, RootConfig},
    core::{Backend, Module, Plugin},
};

/// All that a backend of this program may have, in the order in which it was added.
#[derive(Default)]
pub(crate) struct Catalogue(Vec<Entry>);

enum Entry {
    /// A plugin that the config switches on and off.
    Plugin { id: String, default: Unswitched, make: Box<dyn Fn() -> Plugin> },
    /// What ties a plugin to another one: it is there where both are.
    Module { of: String, with: &'static str, make: Box<dyn Fn() -> Module> },
    /// What is there in any case.
    Always(Box<dyn Fn(Backend) -> Backend>),
}

/// Whether a plugin runs that no switch of the config is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unswitched {
    On,
    Off,
    /// If the config has one of these keys, in which it asks for the plugin.
    With(&'static [&'static str]),
}

impl Unswitched {
    fn is_on(self, config: &RootConfig) -> bool {
        match self {
            Self::On => true,
            Self::Off => false,
            // What cannot be read is told by its reader, which is then the plugin's.
            Self::With(keys) => keys.iter().any(|key| config.has(key).unwrap_or(true)),
        }
    }
}

/// Config sections of well-known Backstage plugins, told to whom misses them.
const ELSEWHERE: [&str; 13] = [
    "auth",
    "catalog",
    "events",
    "homepage",
    "jenkins",
    "kubernetes",
    "notifications",
    "permission",
    "proxy",
    "scaffolder",
    "search",
    "signals",
    "techdocs",
];

/// What a config asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Switched plugins to run.
    pub(crate) chosen: Vec<String>,
    /// Plugins that the config names and this program lacks.
    pub(crate) lacking: Vec<String>,
}

const KEY: &str = "greenroom.plugins";

impl Catalogue {
    pub(crate) fn offer(&mut self, default: Unswitched, make: impl Fn() -> Plugin + 'static) {
        let id = make().id().to_owned();
        self.0.push(Entry::Plugin { id, default, make: Box::new(make) });
    }

    pub(crate) fn tie(&mut self, with: &'static str, make: impl Fn() -> Module + 'static) {
        let of = make().plugin_id().to_owned();
        self.0.push(Entry::Module { of, with, make: Box::new(make) });
    }

    pub(crate) fn always(&mut self, add: impl Fn(Backend) -> Backend + 'static) {
        self.0.push(Entry::Always(Box::new(add)));
    }

    /// The switched plugins, and when each runs unless the config says otherwise.
    pub(crate) fn plugins(&self) -> impl Iterator<Item = (&str, Unswitched)> {
        self.0.iter().filter_map(|entry| match entry {
            Entry::Plugin { id, default, .. } => Some((&**id, *default)),
            Entry::Module { .. } | Entry::Always(_) => None,
        })
    }

    /// Reads `greenroom.plugins.<id>: true | false`, and sees what other plugins' sections there are.
    pub(crate) fn choose(&self, config: &RootConfig) -> Result<Choice, ConfigError> {
        let mut chosen = vec![];
        for (id, default) in self.plugins() {
            if !is_switch(id) {
                let text = format!(
                    "Invalid plugin id '{id}', no config key can name it: an id is letters and digits, beginning with a \
                     letter, with single dashes between"
                );
                return Err(ConfigError::invalid(config, "", text));
            }
            let switch = config.optional_boolean(&format!("{KEY}.{id}"))?;
            if switch.unwrap_or_else(|| default.is_on(config)) {
                chosen.push(id.to_owned());
            }
        }
        let everything = self.everything();
        let known = |id: &String| everything.plugin_ids().any(|known| known == id);
        let switched = |id: &String| self.plugins().any(|(switched, _)| switched == id);
        let mut lacking: Vec<String> = vec![];
        if let Some(named) = config.optional_config(KEY)? {
            for id in named.keys().into_iter().filter(|id| !switched(id)) {
                match (known(&id), named.boolean(&id)?) {
                    (false, true) => lacking.push(id),
                    (true, false) => {
                        let key = format!("{KEY}.{id}");
                        let text = format!("{key} is false, but this program always has '{id}'");
                        return Err(ConfigError::invalid(config, &key, text));
                    }
                    _ => {}
                }
            }
        }
        let missed = |key: &String| ELSEWHERE.contains(&key.as_str()) && !known(key);
        lacking.extend(config.keys().into_iter().filter(missed));
        lacking.sort();
        lacking.dedup();
        Ok(Choice { chosen, lacking })
    }

    /// Adds what is chosen, and what is there in any case.
    pub(crate) fn add(&self, backend: Backend, choice: &Choice) -> Backend {
        self.add_those(backend, |id| choice.chosen.iter().any(|chosen| chosen == id))
    }

    /// A backend of all that there is, to be asked and not to be started.
    pub(crate) fn everything(&self) -> Backend {
        self.add_those(Backend::new([]), |_| true)
    }

    fn add_those(&self, backend: Backend, is_wanted: impl Fn(&str) -> bool) -> Backend {
        self.0.iter().fold(backend, |backend, entry| match entry {
            Entry::Plugin { id, make, .. } if is_wanted(id) => backend.add(make()),
            Entry::Module { of, with, make } if is_wanted(of) && is_wanted(with) => backend.add(make()),
            Entry::Plugin { .. } | Entry::Module { .. } => backend,
            Entry::Always(add) => add(backend),
        })
    }
}

/// Whether a config can switch a plugin of this id.
fn is_switch(id: &str) -> bool {
    let is_word = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric());
    id.starts_with(|first: char| first.is_ascii_alphabetic()) && id.split(['-', '_', ':']).all(is_word)
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.plugins()).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    };

    use greenroom::prelude::*;

    use super::*;

    fn catalogue() -> Catalogue {
        let mut catalogue = Catalogue::default();
        let named = |id: &'static str| move || plugin(id, |env| env.register_init(async || Ok(())));
        catalogue.offer(Unswitched::On, named("healthcheck"));
        catalogue.offer(Unswitched::Off, named("tasks"));
        catalogue.always(move |backend| backend.add(named("search")()));
        catalogue
    }

    #[test]
    fn plugins_run_by_default_by_name_or_not_at_all_and_missing_ones_are_told() {
        let choice = |yaml: &str| catalogue().choose(&RootConfig::from_yaml(yaml).unwrap()).unwrap();
        assert_eq!(choice("app: {}").chosen, ["healthcheck"]);
        let named = choice(
            "greenroom: {plugins: {healthcheck: false, tasks: true, rollbar: true, old: false}}\ncatalog: {}\nsearch: {}",
        );
        assert_eq!(
            named,
            Choice { chosen: vec!["tasks".into()], lacking: vec!["catalog".into(), "rollbar".into()] }
        );
        let refused = |yaml: &str| {
            let config = RootConfig::from_yaml(yaml).unwrap();
            catalogue().choose(&config).unwrap_err().message().to_owned()
        };
        assert!(refused("greenroom: {plugins: {tasks: maybe}}").contains("greenroom.plugins.tasks"));
        assert!(refused("greenroom: {plugins: {search: false}}").contains("always has 'search'"));
    }

    #[test]
    fn a_module_is_there_where_both_its_plugins_are() {
        let (mut catalogue, made) = (Catalogue::default(), Arc::new(AtomicUsize::new(0)));
        for id in ["a", "b"] {
            catalogue.offer(Unswitched::On, move || plugin(id, |env| env.register_init(async || Ok(()))));
        }
        let count = made.clone();
        catalogue.tie("b", move || {
            count.fetch_add(1, Ordering::Relaxed);
            module("a", "b", |env| env.register_init(async || Ok(())))
        });
        let has_module = |yaml: &str| {
            let (choice, before) = (
                catalogue.choose(&RootConfig::from_yaml(yaml).unwrap()).unwrap(),
                made.load(Ordering::Relaxed),
            );
            let _ = catalogue.add(Backend::new([]), &choice);
            made.load(Ordering::Relaxed) > before
        };
        assert!(has_module(""));
        assert!(
            !has_module("greenroom: {plugins: {a: false}}")
                && !has_module("greenroom: {plugins: {b: false}}")
        );
    }

    #[test]
    fn a_plugin_runs_with_the_key_that_asks_for_it_unless_it_is_switched() {
        let mut catalogue = Catalogue::default();
        catalogue.offer(Unswitched::With(&["auth.sessions", "auth.providers"]), || {
            plugin("auth", |env| env.register_init(async || Ok(())))
        });
        let chosen = |yaml: &str| catalogue.choose(&RootConfig::from_yaml(yaml).unwrap()).unwrap();
        assert_eq!(chosen("auth: {providers: {guest: {}}}").chosen, ["auth"]);
        assert_eq!(chosen("greenroom: {plugins: {auth: true}}").chosen, ["auth"]);
        for off in [
            "auth: {environment: development}",
            "auth: {providers: {guest: {}}}\ngreenroom: {plugins: {auth: false}}",
        ] {
            assert_eq!(chosen(off), Choice::default(), "{off}");
        }
        assert_eq!(chosen("auth: []").chosen, ["auth"], "its reader tells what is wrong");
    }

    #[test]
    fn an_id_that_no_key_can_name_is_told_as_the_plugins_mistake() {
        let mut catalogue = Catalogue::default();
        catalogue.offer(Unswitched::On, || plugin("My Deploys", |env| env.register_init(async || Ok(()))));
        let refused = catalogue.choose(&RootConfig::from_yaml("").unwrap()).unwrap_err();
        assert!(refused.message().starts_with("Invalid plugin id 'My Deploys'"), "{refused}");
        assert!(["tasks", "my-deploys", "a1_b:c"].into_iter().all(is_switch));
        assert!(!["", "1a", "a--b", "a.b", "a-"].into_iter().any(is_switch));
    }

    #[test]
    fn what_is_there_in_any_case_is_added_whatever_is_chosen() {
        let mut catalogue = catalogue();
        catalogue.always(|backend| {
            let declaring = plugin("always", |env| env.register_init(async || Ok(())));
            backend.add(declaring.config_schema(r#"{"properties": {"always": {"type": "object"}}}"#))
        });
        let none = Choice { chosen: vec![], lacking: vec![] };
        let config = RootConfig::from_yaml("").unwrap();
        let declarations = catalogue.add(Backend::new([]), &none).declarations();
        assert_eq!(greenroom_defaults::FeatureSchemas::of(&declarations, &config).schemas().len(), 1);
    }
}
