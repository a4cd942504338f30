//! Which factory answers for an id: defaults, what loaders bring, what is added.

use std::collections::{HashMap, HashSet};

use greenroom_errors::Error;

use crate::{
    inject::Dependency,
    instances::BUILT_IN,
    service::{Decorator, ServiceFactory},
};

/// Where a factory comes from; later kinds win over earlier ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// From the list of defaults, or from a type's own default.
    Default,
    /// From a feature loader at a depth of nesting.
    Loader { depth: usize, description: String },
    /// By `Backend::add`.
    Added,
}

/// A service as installed: its factory, and what wraps it.
pub(crate) struct Installed {
    pub(crate) factory: ServiceFactory,
    pub(crate) decorators: Vec<Decorator>,
    pub(crate) eager: bool,
    origin: Origin,
}

impl Installed {
    pub(crate) fn dependencies(&self) -> impl Iterator<Item = &Dependency> {
        let root = self.factory.root_context.iter().flat_map(|root| &root.dependencies);
        let decorators = self.decorators.iter().flat_map(|decorator| &decorator.dependencies);
        self.factory.dependencies.iter().chain(root).chain(decorators)
    }
}

/// The services, in the order in which eager ones are made.
#[derive(Default)]
pub(crate) struct Services {
    pub(crate) installed: Vec<Installed>,
    index: HashMap<&'static str, Vec<usize>>,
}

impl Services {
    /// Where the factories of an id are: one, or for a multiton any number.
    pub(crate) fn positions(&self, id: &str) -> &[usize] {
        self.index.get(id).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Installed> {
        self.positions(id).first().map(|at| &self.installed[*at])
    }

    /// Installs a factory by the rules of precedence; `made` are positions that have an instance already.
    ///
    /// Contract: plugin-27, plugin-28, plugin-52 to plugin-55.
    pub(crate) fn install(
        &mut self,
        factory: ServiceFactory,
        origin: Origin,
        made: &HashSet<usize>,
    ) -> Result<(), Error> {
        let id = factory.id;
        if BUILT_IN.contains(&id) {
            return Err(Error::new(format!("The {id} service cannot be overridden")));
        }
        let Some(&at) = self.positions(id).first().filter(|_| !factory.many) else {
            self.push(factory, origin);
            return Ok(());
        };
        let duplicate = format!("Duplicate service implementations provided for {id}");
        match (&self.installed[at].origin, &origin) {
            (Origin::Default, Origin::Added | Origin::Loader { .. }) if made.contains(&at) => {
                let text = "service has already been instantiated";
                Err(Error::new(format!("Unable to set service factory with id {id}, {text}")))
            }
            (Origin::Default, Origin::Added | Origin::Loader { .. }) => {
                let place = &mut self.installed[at];
                (place.eager, place.factory, place.origin) = (factory.is_eager(), factory, origin);
                Ok(())
            }
            (Origin::Loader { depth: a, description: by }, Origin::Loader { depth: b, description: and })
                if a == b =>
            {
                Err(Error::new(format!("{duplicate} by both feature loader {by} and feature loader {and}")))
            }
            // An explicit add wins over loaders, an outer loader over those that it loaded.
            (Origin::Added | Origin::Loader { .. }, Origin::Loader { .. }) => Ok(()),
            _ => Err(Error::new(duplicate)),
        }
    }

    /// Installs a type's own default, which is made when it is asked for.
    pub(crate) fn install_fallback(&mut self, factory: ServiceFactory) {
        self.push(factory.lazy(), Origin::Default);
    }

    fn push(&mut self, factory: ServiceFactory, origin: Origin) {
        self.index.entry(factory.id).or_default().push(self.installed.len());
        let eager = factory.is_eager();
        self.installed.push(Installed { factory, decorators: Vec::new(), eager, origin });
    }
}
