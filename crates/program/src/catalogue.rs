//! Which plugins the program has, and which of them a config asks for.

use std::fmt;

use greenroom::{
    config::{ConfigError, RootConfig, nearest},
    core::{Backend, Module, Plugin},
};

/// All that a backend of this program may have, in the order in which it was added.
#[derive(Default)]
pub(crate) struct Catalogue {
    entries: Vec<Entry>,
    /// The only plugins that run by default; the config is another backend's, too.
    only: Option<&'static [&'static str]>,
}

enum Entry {
    /// A plugin that the config switches on and off.
    Plugin { id: String, default: ByDefault, make: Box<dyn Fn() -> Plugin> },
    /// What ties a plugin to another one: it is there where both are.
    Module { of: String, with: &'static str, make: Box<dyn Fn() -> Module> },
    /// What is there in any case.
    Always(Box<dyn Fn(Backend) -> Backend>),
}

/// Whether a plugin runs that no switch of the config is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ByDefault {
    On,
    Off,
    /// On if the config has one of these keys.
    With(&'static [&'static str]),
    /// On if this key of the config is a switch that is on.
    Where(&'static str),
}

impl ByDefault {
    fn is_on(self, config: &RootConfig) -> bool {
        match self {
            Self::On => true,
            Self::Off => false,
            // What cannot be read is told by its reader, which is then the plugin's.
            Self::With(keys) => keys.iter().any(|key| config.has(key).unwrap_or(true)),
            // And one that is no switch is told by whose key it is.
            Self::Where(key) => config.optional_switch(key).is_ok_and(|on| on == Some(true)),
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
    pub(crate) fn offer(&mut self, default: ByDefault, make: impl Fn() -> Plugin + 'static) {
        let id = make().id().to_owned();
        self.entries.push(Entry::Plugin { id, default, make: Box::new(make) });
    }

    pub(crate) fn tie(&mut self, with: &'static str, make: impl Fn() -> Module + 'static) {
        let of = make().plugin_id().to_owned();
        self.entries.push(Entry::Module { of, with, make: Box::new(make) });
    }

    pub(crate) fn always(&mut self, add: impl Fn(Backend) -> Backend + 'static) {
        self.entries.push(Entry::Always(Box::new(add)));
    }

    /// Leaves all other plugins to the config's switches.
    pub(crate) fn only_by_default(&mut self, plugins: &'static [&'static str]) {
        self.only = Some(plugins);
    }

    /// The switched plugins, and when each runs unless the config says otherwise.
    pub(crate) fn plugins(&self) -> impl Iterator<Item = (&str, ByDefault)> {
        self.entries.iter().filter_map(|entry| match entry {
            Entry::Plugin { id, default, .. } => {
                let is_left = self.only.is_some_and(|only| !only.contains(&&**id));
                Some((&**id, if is_left { ByDefault::Off } else { *default }))
            }
            Entry::Module { .. } | Entry::Always(_) => None,
        })
    }

    /// Reads `greenroom.plugins.<id>: true | false`, and sees what other plugins' sections there are. A switch that is refused
    /// counts as not written.
    pub(crate) fn choose(&self, config: &RootConfig) -> (Choice, Vec<ConfigError>) {
        let everything = self.everything();
        let known = |id: &str| everything.plugin_ids().any(|known| known == id);
        let switches = switches(config);
        let chosen = chosen(self.plugins(), config, &switches);
        let Switches { written, refused } = switches;
        let ids = self.plugins().filter_map(|(id, _)| switchable(config, id).err());
        let always = written.iter().filter(|(id, on)| !on && known(id) && !self.is_switched(id));
        let always = always.map(|(id, _)| never_off(config, id));
        let errors = ids.chain(refused).chain(always).collect();

        let switched_on = written.iter().filter(|(_, on)| *on).map(|(id, _)| id.clone());
        // The other backend has these.
        let elsewhere = if self.only.is_some() { &[][..] } else { &ELSEWHERE };
        let sections = config.keys().into_iter().filter(|key| elsewhere.contains(&key.as_str()));
        let mut lacking: Vec<String> = switched_on.chain(sections).filter(|id| !known(id)).collect();
        lacking.sort();
        lacking.dedup();
        (Choice { chosen, lacking }, errors)
    }

    /// Why a start on this config does not run the plugin; `None` if it does.
    pub(crate) fn why_off(&self, config: &RootConfig, id: &str) -> Option<String> {
        let Some((_, default)) = self.plugins().find(|(switched, _)| *switched == id) else {
            let is_there = self.everything().plugin_ids().any(|known| known == id);
            return (!is_there).then(|| format!("this program has no plugin '{id}'"));
        };
        if self.choose(config).0.chosen.iter().any(|chosen| chosen == id) {
            return None;
        }
        let key = format!("{KEY}.{id}");
        let is_written = switches(config).written.iter().any(|(written, _)| written == id);
        Some(match default {
            _ if is_written => format!("{key} is false"),
            ByDefault::On | ByDefault::Off => format!("{key} is not true"),
            ByDefault::Where(switch) => format!("{switch} is not true"),
            ByDefault::With([one]) => format!("{one} is not set"),
            ByDefault::With(keys) => format!("none of {} is set", keys.join(", ")),
        })
    }

    /// Ids of plugins that modules are tied to and that are not here, which is a mistake of the program.
    pub(crate) fn untied(&self) -> Vec<String> {
        let everything = self.everything();
        let ids: Vec<_> = everything.plugin_ids().collect();
        let ties = self.entries.iter().filter_map(|entry| match entry {
            Entry::Module { of, with, .. } => Some([of.as_str(), *with]),
            Entry::Plugin { .. } | Entry::Always(_) => None,
        });
        let lacking = ties.flatten().filter(|id| !ids.contains(id));
        lacking
            .map(|id| match nearest(id, ids.iter().copied()) {
                Some(meant) => {
                    format!("a module is tied to '{id}', which is no plugin here; did you mean '{meant}'?")
                }
                None => format!("a module is tied to '{id}', which is no plugin here"),
            })
            .collect()
    }

    fn is_switched(&self, id: &str) -> bool {
        self.plugins().any(|(switched, _)| switched == id)
    }

    /// Adds what is chosen, and what is there in any case.
    pub(crate) fn add(&self, backend: Backend, choice: &Choice) -> Backend {
        self.add_those(backend, |id| !self.is_switched(id) || choice.chosen.iter().any(|chosen| chosen == id))
    }

    /// A backend of all that there is, to be asked and not to be started.
    pub(crate) fn everything(&self) -> Backend {
        self.add_those(Backend::new([]), |_| true)
    }

    fn add_those(&self, backend: Backend, is_wanted: impl Fn(&str) -> bool) -> Backend {
        self.entries.iter().fold(backend, |backend, entry| match entry {
            Entry::Plugin { id, make, .. } if is_wanted(id) => backend.add(make()),
            Entry::Module { of, with, make } if is_wanted(of) && is_wanted(with) => backend.add(make()),
            Entry::Plugin { .. } | Entry::Module { .. } => backend,
            Entry::Always(add) => add(backend),
        })
    }
}

/// What the config says of single plugins, whoever knows them.
#[derive(Debug, Default)]
pub(crate) struct Switches {
    pub(crate) written: Vec<(String, bool)>,
    /// Those that are neither on nor off.
    pub(crate) refused: Vec<ConfigError>,
}

pub(crate) fn switches(config: &RootConfig) -> Switches {
    let mut switches = Switches::default();
    let named = match config.optional_config(KEY) {
        Ok(named) => named,
        Err(error) => {
            switches.refused.push(error);
            None
        }
    };
    for id in named.iter().flat_map(|named| named.keys()) {
        match named.as_ref().map(|named| named.optional_switch(&id)) {
            Some(Ok(Some(on))) => switches.written.push((id, on)),
            Some(Ok(None)) | None => {}
            Some(Err(error)) => switches.refused.push(error),
        }
    }
    switches
}

/// Those of the plugins that run.
pub(crate) fn chosen<'a>(
    plugins: impl IntoIterator<Item = (&'a str, ByDefault)>,
    config: &RootConfig,
    switches: &Switches,
) -> Vec<String> {
    let on = |id: &str| switches.written.iter().find(|(switched, _)| switched == id).map(|(_, on)| *on);
    let runs = |(id, default): &(&str, ByDefault)| on(id).unwrap_or_else(|| default.is_on(config));
    plugins.into_iter().filter(runs).map(|(id, _)| id.to_owned()).collect()
}

fn never_off(config: &RootConfig, id: &str) -> ConfigError {
    let key = format!("{KEY}.{id}");
    ConfigError::invalid(config, &key, format!("{key} is false, but this program always has '{id}'"))
}

fn switchable(config: &RootConfig, id: &str) -> Result<(), ConfigError> {
    if is_switch(id) {
        return Ok(());
    }
    let text = format!(
        "Invalid plugin id '{id}', no config key can name it: an id is letters and digits, beginning with a letter, with \
         single dashes between"
    );
    Err(ConfigError::invalid(config, "", text))
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
mod tests;
